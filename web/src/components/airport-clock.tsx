import styles from '@/components/airport-clock.module.css';
import { useDateWords } from '@/lib/services/use-date-words';
import { useNow } from '@/lib/services/use-now';
import { timeOfDay, zoneAbbreviation } from '@/lib/time/zoned';

const MINUTE_MS = 60_000;

/** The time at the airport with its zone, and the speed of a replay. */
export function AirportClock({ zone }: { zone: string }) {
  const now_ms = useNow(MINUTE_MS);
  const { date, replay } = useDateWords(zone);
  return (
    <div className={styles['clock']}>
      <time className={styles['time']} dateTime={new Date(now_ms).toISOString()}>
        {timeOfDay(now_ms, zone)}
        <span className={styles['zone']}>{zoneAbbreviation(now_ms, zone)}</span>
      </time>
      <span className={styles['date']}>
        {date}
        {replay === null ? null : <span className={styles['replay']}>{replay}</span>}
      </span>
    </div>
  );
}
