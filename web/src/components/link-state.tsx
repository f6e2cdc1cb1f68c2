import { Icon, type IconName } from '@/components/icon';
import styles from '@/components/link-state.module.css';
import { silenceWords, sourceName } from '@/components/silence-words';
import { useServices } from '@/lib/services/services';
import { useLink } from '@/lib/services/use-link';
import type { BoardAge } from '@/lib/services/use-staleness';
import { ageInWords } from '@/lib/time/duration';
import { timeOfDay, timeWithZone, zoneAbbreviation } from '@/lib/time/zoned';

type Props = { age: BoardAge; zone: string };

const ICONS: Record<Exclude<BoardAge['state'], 'live'>, IconName> = {
  loading: 'retry',
  silent: 'pause',
  interrupted: 'pause',
  reconnecting: 'retry',
  stale: 'warning',
  refused: 'warning',
};

const PILLS: Record<Exclude<BoardAge['state'], 'live'>, string> = {
  loading: 'pill',
  silent: 'unsure',
  interrupted: 'unsure',
  reconnecting: 'trouble',
  stale: 'trouble',
  refused: 'trouble',
};

/** The state of the connection to the hub, and the age of the data. Always visible. */
export function LinkPill({ age, zone }: Props) {
  const asOf = asOfInWords(age, zone);
  if (age.state === 'live') {
    return (
      <span className={styles['pill']} data-link="live">
        <span className={styles['dot']} aria-hidden="true" />
        Live <span className={styles['soft']}>as of {asOf}</span>
      </span>
    );
  }
  return (
    <span className={`${styles['pill'] ?? ''} ${styles[PILLS[age.state]] ?? ''}`} data-link={age.state}>
      <Icon name={ICONS[age.state]} />
      {pillWords(age, asOf)}
    </span>
  );
}

function pillWords(age: BoardAge, asOf: string): string {
  if (age.state === 'loading') return 'Connecting';
  if (age.state === 'refused') return 'Not connected';
  if (!age.known) return 'No connection';
  if (age.state === 'silent') {
    const [longest] = age.silent;
    return `${longest?.airport ?? 'A source'} silent since ${asOf}, ${ageInWords(age.operational_ms)}`;
  }
  const old = `${ageInWords(age.operational_ms)} old`;
  if (age.state === 'interrupted') return `Interrupted, as of ${asOf}, ${old}`;
  return age.state === 'stale' ? `Stale since ${asOf}, ${old}` : `Reconnecting, as of ${asOf}, ${old}`;
}

/** Explains why the page is not live, with a button to retry where that helps. */
export function LinkBanner({ age, zone }: Props) {
  return (
    <>
      <LinkAnnouncer age={age} zone={zone} />
      {age.state === 'interrupted' ? <InterruptedBanner asOf={asOfInWords(age, zone)} /> : null}
      {age.state === 'silent' ? <SilentBanner age={age} zone={zone} /> : null}
      {age.state === 'stale' || age.state === 'refused' ? <LostBanner age={age} zone={zone} /> : null}
    </>
  );
}

/** Announces each change of the state to screen readers once; the increasing age is not announced. */
export function LinkAnnouncer({ age, zone }: Props) {
  // Without the day, which would be announced again at midnight.
  const asOf = `${timeOfDay(age.asOf_ms, zone)} ${zoneAbbreviation(age.asOf_ms, zone)}`;
  const { message } = useLink();
  return (
    <p className="sr-only" role="status" data-testid="link-announcer">
      {age.state === 'refused' && message !== null ? message : announcement(age, asOf)}
    </p>
  );
}

function announcement({ state, known, silent }: BoardAge, asOf: string): string {
  const [longest] = silent;
  if (state === 'live' || state === 'loading') return '';
  if (state === 'silent' && longest) return `${sourceName(longest)} has been silent since ${asOf}.`;
  if (!known) return 'No connection.';
  if (state === 'interrupted') return `Live updates are interrupted. Showing what was known at ${asOf}.`;
  return `Connection lost. Showing what was known at ${asOf}.`;
}

/** The page is connected, but gets no changes: the user cannot do anything. */
function InterruptedBanner({ asOf }: { asOf: string }) {
  return (
    <div className={`${styles['banner'] ?? ''} ${styles['bannerUnsure'] ?? ''}`}>
      <div className={styles['bannerInner']}>
        <Icon name="pause" size="22px" />
        <span>
          <strong>Live updates are interrupted. As of {unbroken(asOf)}.</strong> Changes since then are not
          shown yet; what may no longer be true has been taken back to the schedule.
        </span>
      </div>
    </div>
  );
}

/** The page and the hub work, but an airport sends nothing. */
function SilentBanner({ age, zone }: Props) {
  const words = silenceWords(age.silent, age.asOf_ms + age.operational_ms, zone) ?? '';
  return (
    <div className={`${styles['banner'] ?? ''} ${styles['bannerUnsure'] ?? ''}`}>
      <div className={styles['bannerInner']}>
        <Icon name="pause" size="22px" />
        <span>
          <strong>{unbroken(words)}.</strong> Changes since then may be missing; what may no longer be true
          has been taken back to the schedule. Please also look at the airport’s screens.
        </span>
      </div>
    </div>
  );
}

function LostBanner({ age, zone }: Props) {
  const { socket } = useServices();
  const link = useLink();
  const words = age.known
    ? `No connection. This is what was known at ${asOfInWords(age, zone)}; what may no longer be true has been taken back to the schedule.`
    : 'No connection. There is nothing to show until it is back.';
  return (
    <div className={styles['banner']}>
      <div className={styles['bannerInner']}>
        <Icon name="warning" size="22px" />
        <span>{link.message ?? words}</span>
        <button type="button" onClick={() => socket.retryNow()}>
          Try now
        </button>
      </div>
    </div>
  );
}

const asOfInWords = (age: BoardAge, zone: string): string =>
  timeWithZone(age.asOf_ms, age.asOf_ms + age.operational_ms, zone);

/** A time and its zone stay on one line. */
const unbroken = (words: string): string => words.replaceAll(' ', '\u00a0');
