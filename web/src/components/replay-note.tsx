import styles from '@/components/replay-note.module.css';
import { useDateWords } from '@/lib/services/use-date-words';

/** Says that what is shown is a replay, and of which day; nothing when it is the present. */
export function ReplayNote({ zone }: { zone: string }) {
  const { date, replay } = useDateWords(zone);
  if (replay === null) return null;
  return (
    <span className={styles['note']}>
      {date} · {replay}
    </span>
  );
}
