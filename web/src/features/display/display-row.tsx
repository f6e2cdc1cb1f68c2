import { Changed } from '@/components/changed';
import { GateSign } from '@/components/gate-sign';
import { StatusBadge } from '@/components/status-badge';
import styles from '@/features/display/display-page.module.css';
import { codeshareName, flightName } from '@/lib/flight/flight-name';
import { sideTimes, weightOf } from '@/lib/flight/flight-times';
import { type Staleness, trustedStatus } from '@/lib/flight/trusted-status';
import { useServices } from '@/lib/services/services';
import { useAirport } from '@/lib/services/use-directory';
import { useFlightAge } from '@/lib/services/use-flight-age';
import { useHeldFlight } from '@/lib/services/use-held-flight';
import type { FlightField } from '@/lib/store/flight-fields';
import type { Direction } from '@/lib/store/topic-match';
import { timeOfDay } from '@/lib/time/zoned';
import type { Flight } from '@/wire/types';
import { useEffect, useState } from 'react';

type Props = {
  leg: string;
  direction: Direction;
  zone: string;
  now_ms: number;
  age: Staleness;
  /** Whether gates are shown with their terminals. */
  hasTerminals: boolean;
};

export function DisplayRow({ leg, direction, zone, now_ms, age, hasTerminals }: Props) {
  const held = useHeldFlight(leg);
  const flight = held?.flight;
  const place = useAirport((direction === 'departures' ? flight?.arrival : flight?.departure)?.airport ?? '');
  const flightAge = useFlightAge(flight, direction, now_ms, age);
  if (!held || !flight) return null;
  const { marks } = held;
  const status = trustedStatus(flight, direction, now_ms, flightAge);
  const { scheduled, revised, actual, estimated, forecast } = sideTimes(flight, direction);
  const isForecast = actual === null && estimated === null && forecast !== null;
  const isOff = flight.status === 'cancelled';
  const newer = isOff || !(status.showsEstimate || actual !== null) ? null : revised;
  const side = direction === 'departures' ? flight.departure : flight.arrival;
  const name = direction === 'departures' ? 'departure' : 'arrival';
  const belt = direction === 'arrivals' ? flight.arrival.belt : null;
  const muted = isOff || direction === 'arrivals' || actual !== null;
  const has = (...fields: FlightField[]) => fields.some((field) => marks.has(field));
  const isNewTime =
    has(`${name}.estimated`, `${name}.actual`) || (direction === 'arrivals' && has('arrival.forecast'));
  const weight = weightOf(flight, direction);
  return (
    <div role="row" className={styles['row']}>
      <div role="cell" className={styles['time']}>
        {scheduled === null ? (
          '–'
        ) : isOff || (newer !== null && weight !== 'slight') ? (
          <s>{timeOfDay(scheduled, zone)}</s>
        ) : (
          timeOfDay(scheduled, zone)
        )}
      </div>
      <div role="cell" className={styles['new']} data-weight={weight}>
        <Changed on={isNewTime}>
          {newer === null ? null : `${isForecast ? '~' : ''}${timeOfDay(newer, zone)}`}
        </Changed>
      </div>
      <div role="cell" className={styles['city']}>
        {place.city}
      </div>
      <div role="cell" className={styles['flight']}>
        <Numbers flight={flight} />
      </div>
      <div role="cell" className={styles['gate']}>
        {hasTerminals && side.terminal !== null ? (
          <Changed on={marks.has(`${name}.terminal`)}>
            <span className={styles['terminal']}>
              <span className="sr-only">Terminal </span>
              <span aria-hidden="true">T</span>
              {side.terminal}
            </span>
          </Changed>
        ) : null}
        <Changed on={marks.has(`${name}.gate`)}>
          {side.gate === null ? (
            <span className={styles['none']}>–</span>
          ) : (
            <GateSign gate={side.gate} muted={muted} />
          )}
        </Changed>
      </div>
      <div role="cell" className={styles['status']}>
        <Changed on={has('status', 'delayed', 'doubtful', 'diverted_to')}>
          <StatusBadge words={status.words} tone={status.tone} />
        </Changed>
        {belt === null ? null : <span className={styles['belt']}>Belt {belt}</span>}
      </div>
    </div>
  );
}

const NUMBER_MS = 4_000;

/** Shows the numbers of the flight in turn in one place, the operating one first. */
function Numbers({ flight }: { flight: Flight }) {
  const { timers } = useServices();
  const names = [flightName(flight), ...flight.codeshares.map(codeshareName)];
  const [turn, setTurn] = useState(0);
  const count = names.length;
  useEffect(() => {
    if (count < 2) return;
    return timers.after(NUMBER_MS, () => setTurn((last) => last + 1));
  }, [timers, turn, count]);
  return <>{names[turn % count]}</>;
}
