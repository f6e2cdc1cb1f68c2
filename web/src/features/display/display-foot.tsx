import styles from '@/features/display/display-page.module.css';
import { silenceWords } from '@/components/silence-words';
import { Icon, type IconName } from '@/components/icon';
import { useDateWords } from '@/lib/services/use-date-words';
import type { BoardAge } from '@/lib/services/use-staleness';
import type { TopicView } from '@/lib/store/topic-view';
import { ageInWords } from '@/lib/time/duration';
import { timeWithZone } from '@/lib/time/zoned';
import type { AirportRow } from '@/wire/types';

type Props = { airport: AirportRow; view: TopicView; age: BoardAge; now_ms: number; pages: string | null };

/** The airport and the day; if the board is not live, a notice with its age. */
export function DisplayFoot({ airport, view, age, now_ms, pages }: Props) {
  const { date, replay } = useDateWords(airport.zone);
  const trouble = troubleOf(view, age, silenceWords(age.silent, now_ms, airport.zone));
  const asOf = timeWithZone(age.asOf_ms, now_ms, airport.zone);
  const old = `Board as of ${asOf}, ${ageInWords(age.operational_ms)} old. `;
  return (
    <footer className={styles[trouble?.foot ?? 'foot']}>
      <span data-link={age.state} className={styles['said']}>
        {trouble ? <Icon name={trouble.icon} size="1.3em" /> : null}
        {trouble
          ? `${trouble.words} ${view.known ? old : ''}Please also listen to announcements.`
          : [`${airport.city} ${airport.iata}`, date, ...(replay === null ? [] : [replay])].join(' · ')}
      </span>
      <span className={styles['pages']}>{pages}</span>
    </footer>
  );
}

type Trouble = { foot: string; icon: IconName; words: string };

const LOST: Trouble = { foot: 'footLost', icon: 'warning', words: 'No connection.' };

const TROUBLE: Record<Exclude<BoardAge['state'], 'live' | 'silent'>, Trouble> = {
  loading: { foot: 'footUnsure', icon: 'retry', words: 'No board yet.' },
  interrupted: { foot: 'footUnsure', icon: 'pause', words: 'Live updates are interrupted.' },
  reconnecting: LOST,
  stale: LOST,
  refused: LOST,
};

function troubleOf(view: TopicView, age: BoardAge, silence: string | null): Trouble | null {
  if (view.failure !== null) return { ...LOST, words: `This board is refused (${view.failure}).` };
  if (age.state === 'silent') return { foot: 'footUnsure', icon: 'pause', words: `${silence ?? ''}.` };
  return age.state === 'live' ? null : TROUBLE[age.state];
}
