import { sideTimes } from '@/lib/flight/flight-times';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight, FlightStatus } from '@/wire/types';

/** A flight is late from here on. */
const LATE_FROM_MS = 15 * 60_000;

const LEFT: FlightStatus[] = ['departed', 'airborne', 'landed', 'arrived', 'bags_on_belt'];
const CAME: FlightStatus[] = ['landed', 'arrived', 'bags_on_belt'];
const OFF: FlightStatus[] = ['cancelled', 'diverted'];

/**
 * Whether the best time that is known has passed so long ago that it cannot be kept any more, without a newer
 * one. A flight that should have left and stands is late where it goes, too.
 */
export function isOverdue(flight: Flight, direction: Direction, now_ms: number): boolean {
  if (OFF.includes(flight.status)) return false;
  const isLate = (side: Direction, over: FlightStatus[]) => {
    const { latest } = sideTimes(flight, side);
    return !over.includes(flight.status) && latest !== null && now_ms - latest >= LATE_FROM_MS;
  };
  if (direction === 'departures') return isLate('departures', LEFT);
  const { actual, estimated } = sideTimes(flight, 'arrivals');
  const isUnsaid = actual === null && estimated === null;
  return isLate('arrivals', CAME) || (isUnsaid && isOriginHeard(flight) && isLate('departures', LEFT));
}

/** If the origin's sources are silent, the missing departure proves nothing: the flight may have left. */
function isOriginHeard({ departure, status }: Flight): boolean {
  const { gate, check_in, terminal, estimated, actual } = departure;
  return (
    status !== 'scheduled' || [gate, check_in, terminal, estimated, actual].some((part) => part !== null)
  );
}
