import { Icon } from '@/components/icon';
import styles from '@/components/link-state.module.css';
import { useServices } from '@/lib/services/services';
import { useLink } from '@/lib/services/use-link';
import type { BoardAge } from '@/lib/services/use-staleness';
import { ageInWords } from '@/lib/time/duration';
import { timeOfDay, zoneAbbreviation } from '@/lib/time/zoned';

type Props = { age: BoardAge; zone: string };

/** How the page stands with the hub and how old it is. Always there, also when all is well. */
export function LinkPill({ age, zone }: Props) {
  const asOf = instant(age.asOf_ms, zone);
  if (age.state === 'live') {
    return (
      <span className={styles['pill']} data-link="live">
        <span className={styles['dot']} aria-hidden="true" />
        Live <span className={styles['soft']}>as of {asOf}</span>
      </span>
    );
  }
  const trouble = `${styles['pill'] ?? ''} ${styles['trouble'] ?? ''}`;
  return (
    <span className={age.state === 'loading' ? styles['pill'] : trouble} data-link={age.state}>
      <Icon name={age.state === 'stale' || age.state === 'refused' ? 'warning' : 'retry'} />
      {pillWords(age, asOf)}
    </span>
  );
}

function pillWords(age: BoardAge, asOf: string): string {
  if (age.state === 'loading') return 'Connecting';
  if (age.state === 'refused') return 'Not connected';
  const old = `${ageInWords(age.operational_ms)} old`;
  return age.state === 'stale' ? `Stale since ${asOf}, ${old}` : `Reconnecting, as of ${asOf}, ${old}`;
}

/** What it means that the link is lost, in words, and the way to try again. */
export function LinkBanner({ age, zone }: Props) {
  const { socket } = useServices();
  const link = useLink();
  const lost = age.state === 'stale' || age.state === 'refused';
  const asOf = instant(age.asOf_ms, zone);
  return (
    <>
      {/* Said once per change of state: the age beside it counts on in silence. */}
      <p className="sr-only" role="status">
        {age.state === 'live' || age.state === 'loading'
          ? ''
          : `Connection lost. Showing what was known at ${asOf}.`}
      </p>
      {lost ? (
        <div className={styles['banner']}>
          <div className={styles['bannerInner']}>
            <Icon name="warning" size="22px" />
            <span>
              {link.message ??
                `No connection since ${asOf}. This is the last known board; what may no longer be true has been taken back to the schedule.`}
            </span>
            <button type="button" onClick={() => socket.retryNow()}>
              Try now
            </button>
          </div>
        </div>
      ) : null}
    </>
  );
}

const instant = (at_ms: number, zone: string): string =>
  `${timeOfDay(at_ms, zone)} ${zoneAbbreviation(at_ms, zone)}`;
