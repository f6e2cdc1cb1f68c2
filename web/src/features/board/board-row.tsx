import { isDone, placeOf } from '@/features/board/board-filter';
import { FlightCell, GateCell, StatusCell, TimeCells } from '@/features/board/board-cells';
import styles from '@/features/board/board-table.module.css';
import { Changed } from '@/components/changed';
import type { Staleness } from '@/lib/flight/trusted-status';
import { trustedStatus } from '@/lib/flight/trusted-status';
import { useAirport } from '@/lib/services/use-directory';
import { useFlightAge } from '@/lib/services/use-flight-age';
import { useHeldFlight } from '@/lib/services/use-held-flight';
import type { FlightField } from '@/lib/store/flight-fields';
import type { HeldFlight } from '@/lib/store/held-flight';
import type { Direction } from '@/lib/store/topic-match';
import { memo } from 'react';

export type RowSetting = {
  direction: Direction;
  zone: string;
  /** An instant of the board's present day: other days are named. */
  day_ms: number;
  /** 0 while all sources report: rows depend on the time only if the connection is lost or a source is silent. */
  now_ms: number;
  age: Staleness;
  hasDesks: boolean;
};

/** One flight. Renders again only when this flight or the board's settings change. */
export const BoardRow = memo(function BoardRow({ leg, ...how }: How & { leg: string }) {
  const held = useHeldFlight(leg);
  return held ? <Cells held={held} {...how} /> : null;
});

/** `isOverdue`: its time has passed without a newer one. */
type How = { setting: RowSetting; isOverdue?: boolean };

function Cells({ held, setting, isOverdue = false }: How & { held: HeldFlight }) {
  const { flight, marks } = held;
  const { direction, now_ms, age, hasDesks } = setting;
  const isDeparture = direction === 'departures';
  const place = useAirport(placeOf(flight, direction));
  const flightAge = useFlightAge(flight, direction, now_ms, age);
  const status = trustedStatus(flight, direction, now_ms, flightAge, isOverdue);
  const side = isDeparture ? flight.departure : flight.arrival;
  const desk = isDeparture ? flight.departure.check_in : flight.arrival.belt;
  const isUseful =
    desk !== null && flight.status !== 'cancelled' && !(isDeparture && isDone(flight, direction));
  const has = (...fields: FlightField[]) => fields.some((field) => marks.has(field));
  const terminal: FlightField = isDeparture ? 'departure.terminal' : 'arrival.terminal';
  return (
    <>
      <TimeCells flight={flight} setting={setting} marks={marks} showsEstimate={status.showsEstimate} />
      <div role="cell" className={styles['place']}>
        <span className={styles['city']}>{place.city}</span>
        <span className={styles['code']}>{place.iata}</span>
      </div>
      <FlightCell flight={flight} marks={marks} />
      <div
        role="cell"
        className={styles['terminal']}
        data-label="Term."
        data-useful={side.terminal !== null || has(terminal)}
      >
        <Changed on={has(terminal)}>{side.terminal ?? <None />}</Changed>
      </div>
      <GateCell
        flight={flight}
        direction={direction}
        gate={side.gate}
        changed={has(isDeparture ? 'departure.gate' : 'arrival.gate')}
      />
      {hasDesks ? (
        <div
          role="cell"
          className={styles['desk']}
          data-label={isDeparture ? 'Check-in' : 'Belt'}
          data-useful={isUseful}
        >
          <Changed on={has(isDeparture ? 'departure.check_in' : 'arrival.belt')}>{desk ?? <None />}</Changed>
        </div>
      ) : null}
      <StatusCell
        flight={flight}
        status={status}
        changed={has('status', 'delayed', 'doubtful', 'remark', 'diverted_to', 'delay_reason')}
      />
    </>
  );
}

function None() {
  return (
    <>
      <span aria-hidden="true" className={styles['none']}>
        –
      </span>
      <span className="sr-only">not known yet</span>
    </>
  );
}
