import styles from '@/features/flight/progress-line.module.css';
import { progressSteps } from '@/features/flight/progress-steps';
import type { Flight } from '@/wire/types';

const SAID = { done: 'done', here: 'now', ahead: 'still to come', never: 'will not happen' };

/** The life of the flight as a line, with the place where it is. */
export function ProgressLine({ flight }: { flight: Flight }) {
  const isTrouble = ['cancelled', 'diverted', 'delayed', 'returned'].includes(flight.status);
  return (
    <ol className={styles['line']} aria-label="Progress of the flight">
      {progressSteps(flight).map((step) => (
        <li
          key={step.name}
          className={styles[step.state]}
          data-trouble={isTrouble && step.state === 'here'}
          aria-current={step.state === 'here' ? 'step' : undefined}
        >
          <span className={styles['dot']} aria-hidden="true" />
          <span className={styles['name']}>{step.name}</span>
          <span className="sr-only">, {SAID[step.state]}</span>
        </li>
      ))}
    </ol>
  );
}
