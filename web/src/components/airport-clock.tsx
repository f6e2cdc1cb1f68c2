import styles from '@/components/airport-clock.module.css';
import { useServices } from '@/lib/services/services';
import { useNow } from '@/lib/services/use-now';
import { longDate, timeOfDay, zoneAbbreviation } from '@/lib/time/zoned';

const MINUTE_MS = 60_000;

/** The time at the airport, with its zone, always; and how fast it runs when a day is being replayed. */
export function AirportClock({ zone }: { zone: string }) {
  const { clock } = useServices();
  const now_ms = useNow(MINUTE_MS);
  const speed = clock.speed();
  return (
    <div className={styles['clock']}>
      <time className={styles['time']} dateTime={new Date(now_ms).toISOString()}>
        {timeOfDay(now_ms, zone)}
        <span className={styles['zone']}>{zoneAbbreviation(now_ms, zone)}</span>
      </time>
      <span className={styles['date']}>
        {longDate(now_ms, zone)}
        {speed === 1 ? null : ` · replay ×${speed}`}
      </span>
    </div>
  );
}
