import type { Told } from '@/features/airports/use-flight-search';
import type { AirportRow, Flight } from '@/wire/types';

/** One result, with the address of its page. */
export type Hit =
  | { kind: 'airport'; key: string; to: string; airport: AirportRow }
  | { kind: 'flight'; key: string; to: string; flight: Flight; told: Told };

/** The maximum number of airports listed beside the flights; the page has all of them. */
const AIRPORTS_MAX = 4;

export function hitsOf(airports: AirportRow[], flights: Flight[], told: Told): Hit[] {
  return [
    ...airports.slice(0, AIRPORTS_MAX).map((airport): Hit => {
      const to = `/board/${airport.iata}/departures`;
      return { kind: 'airport', key: airport.iata, to, airport };
    }),
    ...flights.map((flight): Hit => {
      const to = `/flight/${encodeURIComponent(flight.leg)}`;
      return { kind: 'flight', key: flight.leg, to, flight, told };
    }),
  ];
}

/** The result that Enter opens without a selection: the only hit, or the airport with the typed code. */
export function onlyHit(hits: Hit[], typed: string): Hit | null {
  const [first] = hits;
  if (first === undefined) return null;
  if (hits.length === 1) return first;
  return first.kind === 'airport' && first.key === typed.trim().toUpperCase() ? first : null;
}
