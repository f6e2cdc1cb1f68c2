import { Icon, type IconName } from '@/components/icon';
import styles from '@/components/status-badge.module.css';
import type { StatusWords, Tone } from '@/lib/flight/status-words';

const ICONS: Record<Tone, IconName> = {
  calm: 'clock',
  go: 'walk',
  hurry: 'hurry',
  shut: 'shut',
  late: 'late',
  stop: 'stop',
  done: 'done',
  unsure: 'unsure',
};

/** A status as text, with an icon and a colour. */
export function StatusBadge({ words, tone }: Pick<StatusWords, 'words' | 'tone'>) {
  return (
    <span className={`${styles['badge'] ?? ''} ${styles[tone] ?? ''}`} data-tone={tone}>
      <Icon name={ICONS[tone]} />
      {words}
    </span>
  );
}
