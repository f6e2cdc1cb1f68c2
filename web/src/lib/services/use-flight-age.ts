import { type Staleness, hasLeft } from '@/lib/flight/trusted-status';
import { useServices } from '@/lib/services/services';
import { useLink } from '@/lib/services/use-link';
import { silentFor } from '@/lib/socket/silent-sources';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight } from '@/wire/types';

/**
 * How old what a board says of one flight is: as old as the board, and until the flight has left, as old as what
 * its origin said last, on which its arrival rests.
 */
export function useFlightAge(
  flight: Flight | undefined,
  direction: Direction,
  now_ms: number,
  age: Staleness,
): Staleness {
  const { clock } = useServices();
  const { silent } = useLink();
  if (!flight || direction === 'departures' || hasLeft(flight)) return age;
  const [longest] = silentFor(silent, [flight.departure.airport]);
  if (!longest) return age;
  const operational_ms = Math.max(age.operational_ms, now_ms - longest.since_ms);
  return { operational_ms, real_ms: Math.max(age.real_ms, operational_ms / clock.speed()) };
}
