import type { Direction } from '@/lib/store/topic-match';
import type { Flight, FlightStatus } from '@/wire/types';

const UNDER_WAY: FlightStatus[] = ['departed', 'airborne', 'landed', 'arrived', 'bags_on_belt', 'diverted'];

/** Once a flight has left, what matters about it is how it arrives. */
export function viewpointOf(flight: Flight): Direction {
  return UNDER_WAY.includes(flight.status) ? 'arrivals' : 'departures';
}
