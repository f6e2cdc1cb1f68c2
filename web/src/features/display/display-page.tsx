import { DisplayRow } from '@/features/display/display-row';
import { selectForDisplay } from '@/features/display/select-for-display';
import { usePaging } from '@/features/display/use-paging';
import styles from '@/features/display/display-page.module.css';
import { Icon, type IconName } from '@/components/icon';
import { LinkAnnouncer } from '@/components/link-state';
import { useServices } from '@/lib/services/services';
import { useDateWords } from '@/lib/services/use-date-words';
import { useBoardAirport } from '@/lib/services/use-directory';
import { useNow } from '@/lib/services/use-now';
import { type BoardAge, useStaleness } from '@/lib/services/use-staleness';
import { useTopic } from '@/lib/services/use-topic';
import { type Direction, boardTopic } from '@/lib/store/topic-match';
import { ageInWords } from '@/lib/time/duration';
import { timeOfDay, timeWithZone, zoneAbbreviation } from '@/lib/time/zoned';
import { useMemo } from 'react';

type Trouble = { foot: string; icon: IconName; words: string };

const LOST: Trouble = { foot: 'footLost', icon: 'warning', words: 'No connection.' };

/** What a screen says at its foot when it is not live; nothing while there is no board yet. */
const TROUBLE: Partial<Record<BoardAge['state'], Trouble>> = {
  interrupted: { foot: 'footUnsure', icon: 'pause', words: 'Live updates are interrupted.' },
  reconnecting: LOST,
  stale: LOST,
  refused: LOST,
};

/** A screen in the hall: nobody touches it, it runs for months, and it never lies about how old it is. */
export function DisplayPage({ iata, direction }: { iata: string; direction: Direction }) {
  const { store } = useServices();
  const view = useTopic(boardTopic(iata, direction));
  const airport = useBoardAirport(iata);
  const age = useStaleness(view);
  const now_ms = useNow(60_000);
  const legs = useMemo(() => {
    const flights = [...view.legs].flatMap((leg) => store.flight(leg)?.flight ?? []);
    return selectForDisplay(flights, direction, now_ms).map((flight) => flight.leg);
  }, [store, view, direction, now_ms]);
  const { body, page, pages, shown } = usePaging(legs);
  const zone = airport.zone;
  const { date, replay } = useDateWords(zone);
  const trouble = TROUBLE[age.state];
  return (
    <main className={styles['screen']}>
      <title>{`${direction === 'departures' ? 'Departures' : 'Arrivals'} ${iata}`}</title>
      <header className={styles['head']}>
        <span className={styles['sign']}>
          <Icon name={direction} size="100%" />
        </span>
        <h1>{direction === 'departures' ? 'Departures' : 'Arrivals'}</h1>
        <div className={styles['clock']}>
          {timeOfDay(now_ms, zone)} <span>{zoneAbbreviation(now_ms, zone)}</span>
        </div>
      </header>
      <div
        role="table"
        aria-label={`${direction} ${iata}`}
        aria-rowcount={legs.length + 1}
        className={styles['table']}
      >
        <div role="row" className={styles['columns']}>
          {['Time', 'New', direction === 'departures' ? 'To' : 'From', 'Flight', 'Gate'].map((name) => (
            <div role="columnheader" key={name}>
              {name}
            </div>
          ))}
          <div role="columnheader">{direction === 'departures' ? 'Status' : 'Status and belt'}</div>
        </div>
        <div role="rowgroup" ref={body} className={styles['body']}>
          {shown.map((leg) => (
            <DisplayRow key={leg} leg={leg} direction={direction} zone={zone} now_ms={now_ms} age={age} />
          ))}
        </div>
      </div>
      <LinkAnnouncer age={age} zone={zone} />
      <footer className={styles[trouble?.foot ?? 'foot']}>
        <span data-link={age.state} className={styles['said']}>
          {trouble ? <Icon name={trouble.icon} size="1.3em" /> : null}
          {trouble
            ? `${trouble.words} Board as of ${timeWithZone(age.asOf_ms, now_ms, zone)}, ${ageInWords(age.operational_ms)} old. Please also listen to announcements.`
            : [`${airport.city} ${iata}`, date, ...(replay === null ? [] : [replay])].join(' · ')}
        </span>
        <span>{pages > 1 ? `Page ${page + 1} of ${pages}` : null}</span>
      </footer>
    </main>
  );
}
