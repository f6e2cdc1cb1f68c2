import styles from '@/components/replay-note.module.css';
import { useDateWords } from '@/lib/services/use-date-words';
import { useNow } from '@/lib/services/use-now';
import { timeOfDay, zoneAbbreviation } from '@/lib/time/zoned';

/** Shows that this is a replay, with its day and time; nothing on the present day. */
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
