import styles from '@/components/replay-note.module.css';
import { useDateWords } from '@/lib/services/use-date-words';
import { useNow } from '@/lib/services/use-now';
import { timeOfDay, zoneAbbreviation } from '@/lib/time/zoned';

/** Says that what is shown is a replay, of which day, and where in it; nothing when it is the present. */
export function ReplayNote({ zone }: { zone: string }) {
  const { date, replay } = useDateWords(zone);
  const now_ms = useNow(60_000);
  if (replay === null) return null;
  return (
    <span className={styles['note']}>
      {date}, {timeOfDay(now_ms, zone)} {zoneAbbreviation(now_ms, zone)} · {replay}
    </span>
  );
}
