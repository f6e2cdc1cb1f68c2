import { sideTimes } from '@/lib/flight/flight-times';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight, FlightStatus } from '@/wire/types';

const MINUTE_MS = 60_000;
/** A flight that has left is of no use in the hall after this; one that landed is, to those who wait for it. */
const DEPARTED_FOR_MS = 10 * MINUTE_MS;
const ARRIVED_FOR_MS = 45 * MINUTE_MS;
const CANCELLED_FOR_MS = 60 * MINUTE_MS;
const OPEN_FOR_MS = 360 * MINUTE_MS;
/** How far ahead a hall looks. */
const AHEAD_MS = 360 * MINUTE_MS;

const LEFT: FlightStatus[] = ['departed', 'airborne', 'landed', 'arrived', 'bags_on_belt'];
const CAME: FlightStatus[] = ['landed', 'arrived', 'bags_on_belt'];

/** What a screen in the hall shows, by scheduled time. */
export function selectForDisplay(flights: Flight[], direction: Direction, now_ms: number): Flight[] {
  return flights
    .map((flight) => ({ flight, times: sideTimes(flight, direction) }))
    .filter(({ flight, times }) => {
      const at_ms = flight.status === 'cancelled' ? times.scheduled : times.latest;
      if (at_ms === null) return false;
      const age_ms = now_ms - at_ms;
      return age_ms > -AHEAD_MS && age_ms < keptFor_ms(flight.status, direction);
    })
    .sort(
      (a, b) =>
        (a.times.scheduled ?? a.times.latest ?? 0) - (b.times.scheduled ?? b.times.latest ?? 0) ||
        a.flight.leg.localeCompare(b.flight.leg),
    )
    .map(({ flight }) => flight);
}

function keptFor_ms(status: FlightStatus, direction: Direction): number {
  if (status === 'cancelled' || status === 'diverted') return CANCELLED_FOR_MS;
  if (direction === 'departures') return LEFT.includes(status) ? DEPARTED_FOR_MS : OPEN_FOR_MS;
  return CAME.includes(status) ? ARRIVED_FOR_MS : OPEN_FOR_MS;
}
