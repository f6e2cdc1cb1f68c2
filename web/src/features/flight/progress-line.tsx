import styles from '@/features/flight/progress-line.module.css';
import { progressSteps } from '@/features/flight/progress-steps';
import type { Flight } from '@/wire/types';

const SAID = {
  done: 'done',
  here: 'now',
  ahead: 'still to come',
  never: 'will not happen',
  unknown: 'not known',
};

type Props = { flight: Flight; isConfirmed: boolean; hadCheckIn: boolean | null };

/** The life of the flight as a line, with the place where it is, or was when that cannot be confirmed. */
export function ProgressLine({ flight, isConfirmed, hadCheckIn }: Props) {
  const isTrouble = ['cancelled', 'diverted', 'delayed', 'returned'].includes(flight.status);
  return (
    <ol className={styles['line']} aria-label="Progress of the flight">
      {progressSteps(flight, hadCheckIn).map((step) => (
        <li
          key={step.name}
          className={styles[step.state]}
          data-trouble={isTrouble && step.state === 'here'}
          data-unsure={!isConfirmed && step.state === 'here'}
          aria-current={isConfirmed && step.state === 'here' ? 'step' : undefined}
        >
          <span className={styles['dot']} aria-hidden="true" />
          <span className={styles['name']}>
            {!isConfirmed && step.state === 'here' ? `was ${step.name}` : step.name}
          </span>
          <span className="sr-only">
            , {!isConfirmed && step.state === 'here' ? 'not confirmed' : SAID[step.state]}
          </span>
        </li>
      ))}
    </ol>
  );
}
