import { isDone } from '@/features/board/board-filter';
import styles from '@/features/board/board-table.module.css';
import { Changed } from '@/components/changed';
import { GateSign } from '@/components/gate-sign';
import { StatusBadge } from '@/components/status-badge';
import { codeshareName, flightName } from '@/lib/flight/flight-name';
import { sideTimes, weightOf } from '@/lib/flight/flight-times';
import type { TrustedStatus } from '@/lib/flight/trusted-status';
import type { FlightField } from '@/lib/store/flight-fields';
import type { Direction } from '@/lib/store/topic-match';
import { otherDay, timeOfDay } from '@/lib/time/zoned';
import type { Flight } from '@/wire/types';
import { Link } from 'react-router';

type Marks = ReadonlyMap<FlightField, number>;

type TimeProps = {
  flight: Flight;
  setting: { direction: Direction; zone: string; day_ms: number };
  marks: Marks;
  showsEstimate: boolean;
};

/** The scheduled time, crossed out if a newer one counts, and the newer one. */
export function TimeCells({ flight, setting, marks, showsEstimate }: TimeProps) {
  const { direction, zone, day_ms } = setting;
  const side = direction === 'departures' ? 'departure' : 'arrival';
  const { scheduled, revised, actual, estimated, forecast } = sideTimes(flight, direction);
  const isForecast = actual === null && estimated === null && forecast !== null;
  const newer = showsEstimate || actual !== null ? revised : null;
  const changed =
    marks.has(`${side}.estimated`) ||
    marks.has(`${side}.actual`) ||
    (direction === 'arrivals' && marks.has('arrival.forecast'));
  const isOff = flight.status === 'cancelled';
  const weight = weightOf(flight, direction);
  const struck = isOff || (newer !== null && weight !== 'slight');
  return (
    <>
      <div role="cell" className={styles['time']}>
        <Changed on={marks.has(`${side}.scheduled`)}>
          <Instant at_ms={scheduled} zone={zone} day_ms={day_ms} struck={struck} />
        </Changed>
      </div>
      <div role="cell" className={styles['newTime']} data-weight={weight}>
        {newer === null || isOff ? null : (
          <Changed on={changed}>
            <span className="sr-only">
              {actual !== null
                ? 'at '
                : isForecast
                  ? 'expected from the delay at departure, about '
                  : 'new time '}
            </span>
            {isForecast ? <About /> : null}
            <Instant at_ms={newer} zone={zone} day_ms={scheduled ?? day_ms} struck={false} />
          </Changed>
        )}
      </div>
    </>
  );
}

/** Marks a forecast time, which is computed from the delay at departure. */
const About = () => (
  <span aria-hidden="true" title="Expected, from the delay at departure">
    ~
  </span>
);

type InstantProps = { at_ms: number | null; zone: string; day_ms: number; struck: boolean };

function Instant({ at_ms, zone, day_ms, struck }: InstantProps) {
  if (at_ms === null) return <span aria-hidden="true">–</span>;
  const day = otherDay(at_ms, day_ms, zone);
  const time = <time dateTime={new Date(at_ms).toISOString()}>{timeOfDay(at_ms, zone)}</time>;
  return (
    <span className={styles['instant']}>
      {struck ? <s>{time}</s> : time}
      {day === null ? null : <span className={styles['day']}>{day}</span>}
    </span>
  );
}

/** The operating flight, a link to its page, and its codeshares below. */
export function FlightCell({ flight, marks }: { flight: Flight; marks: Marks }) {
  const codeshares = flight.codeshares.map(codeshareName);
  return (
    <div role="cell" className={styles['flight']}>
      <Link to={`/flight/${encodeURIComponent(flight.leg)}`} className={styles['flightLink']}>
        {flightName(flight)}
      </Link>
      {codeshares.length === 0 ? null : (
        <Changed on={marks.has('codeshares')}>
          <span className={styles['codeshares']} title={`Also sold as ${codeshares.join(', ')}`}>
            <span className="sr-only">also sold as </span>
            {codeshares.join(' · ')}
          </span>
        </Changed>
      )}
    </div>
  );
}

type GateProps = { flight: Flight; direction: Direction; gate: string | null; changed: boolean };

export function GateCell({ flight, direction, gate, changed }: GateProps) {
  const isOver = isDone(flight, direction) || flight.status === 'cancelled' || flight.status === 'diverted';
  const muted = isOver || direction === 'arrivals';
  return (
    <div role="cell" className={styles['gate']} data-label="Gate">
      <Changed on={changed}>
        {gate === null ? (
          <>
            <span aria-hidden="true" className={styles['none']}>
              –
            </span>
            <span className="sr-only">not known yet</span>
          </>
        ) : (
          <GateSign gate={gate} muted={muted} />
        )}
      </Changed>
    </div>
  );
}

type StatusProps = { flight: Flight; status: TrustedStatus; changed: boolean };

export function StatusCell({ flight, status, changed }: StatusProps) {
  // An airport's remark is as old as the status, and disappears with it.
  const beside = status.note ?? flight.remark ?? reasonOf(flight);
  const detail = [status.delay, beside].filter((part) => part !== null).join(' · ');
  return (
    <div role="cell" className={styles['status']}>
      <Changed on={changed}>
        <StatusBadge words={status.words} tone={status.tone} />
      </Changed>
      {detail === '' ? null : <span className={styles['detail']}>{detail}</span>}
    </div>
  );
}

function reasonOf(flight: Flight): string | null {
  const matters = flight.delayed || flight.status === 'cancelled';
  return matters && flight.delay_reason !== null ? capital(flight.delay_reason.replaceAll('_', ' ')) : null;
}

const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
