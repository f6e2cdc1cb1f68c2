import { DisplayFoot } from '@/features/display/display-foot';
import { DisplayNotice } from '@/features/display/display-notice';
import { DisplayRow } from '@/features/display/display-row';
import { hasSeveralTerminals, selectForDisplay } from '@/features/display/select-for-display';
import { usePageSize, usePaging } from '@/features/display/use-paging';
import styles from '@/features/display/display-page.module.css';
import { Icon } from '@/components/icon';
import { LinkAnnouncer } from '@/components/link-state';
import { useServices } from '@/lib/services/services';
import { useBoardAirport } from '@/lib/services/use-directory';
import { useNow } from '@/lib/services/use-now';
import { useStaleness } from '@/lib/services/use-staleness';
import { useTopic } from '@/lib/services/use-topic';
import { type Direction, boardTopic } from '@/lib/store/topic-match';
import { timeOfDay, zoneAbbreviation } from '@/lib/time/zoned';
import { useMemo } from 'react';

/** A screen in a hall: it runs for months without user input, and always shows the true age of its data. */
export function DisplayPage({ iata, direction }: { iata: string; direction: Direction }) {
  const { store } = useServices();
  const view = useTopic(boardTopic(iata, direction));
  const airport = useBoardAirport(iata);
  const age = useStaleness(view, [iata]);
  const now_ms = useNow(60_000);
  const { body, rows, rows_max } = usePageSize();
  const { legs, hasTerminals } = useMemo(() => {
    const flights = [...view.legs].flatMap((leg) => store.flight(leg)?.flight ?? []);
    return {
      legs: selectForDisplay(flights, direction, now_ms, rows_max).map((flight) => flight.leg),
      hasTerminals: hasSeveralTerminals(flights, direction),
    };
  }, [store, view, direction, now_ms, rows_max]);
  const { page, pages, shown } = usePaging(legs, rows);
  const zone = airport.zone;
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
          {columnsOf(direction).map(({ name, place }) => (
            <div role="columnheader" key={place} className={styles[place]}>
              {name}
            </div>
          ))}
        </div>
        <div role="rowgroup" ref={body} className={styles['body']}>
          {legs.length === 0 ? <DisplayNotice view={view} age={age} direction={direction} /> : null}
          {shown.map((leg) => (
            <DisplayRow
              key={leg}
              leg={leg}
              direction={direction}
              zone={zone}
              now_ms={now_ms}
              age={age}
              hasTerminals={hasTerminals}
            />
          ))}
        </div>
      </div>
      {view.known ? <LinkAnnouncer age={age} zone={zone} /> : null}
      <DisplayFoot
        airport={airport}
        view={view}
        age={age}
        now_ms={now_ms}
        pages={pages > 1 ? `Page ${page + 1} of ${pages}` : null}
      />
    </main>
  );
}

const columnsOf = (direction: Direction) => [
  { name: 'Time', place: 'time' },
  { name: 'New', place: 'new' },
  { name: direction === 'departures' ? 'To' : 'From', place: 'city' },
  { name: 'Flight', place: 'flight' },
  { name: 'Gate', place: 'gate' },
  { name: direction === 'departures' ? 'Status' : 'Status and belt', place: 'status' },
];
