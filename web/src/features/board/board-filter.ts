import type { BoardQuery, StatusGroup } from '@/features/board/board-query';
import { flightName } from '@/lib/flight/flight-name';
import { sideTimes } from '@/lib/flight/flight-times';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight, FlightStatus } from '@/wire/types';

const HOUR_MS = 3_600_000;
/** Done flights leave the board after this; it is what is still of use to those who wait outside. */
const DONE_FOR_MS = HOUR_MS;
/** A flight that has not left stays much longer: its time may have passed without anybody saying so. */
const OPEN_FOR_MS = 6 * HOUR_MS;
const AHEAD_4H_MS = 4 * HOUR_MS;

const GONE: FlightStatus[] = ['departed', 'airborne', 'landed', 'arrived', 'bags_on_belt'];
const DONE_ARRIVING: FlightStatus[] = ['landed', 'arrived', 'bags_on_belt'];
const BOARDING: FlightStatus[] = ['gate_open', 'boarding', 'final_call', 'gate_closed'];

/** What the list is to be ordered and searched by besides the flight itself. */
export type Names = { city: (iata: string) => string; airline: (code: string) => string };

/** The flights a traveller asked to see, in order. */
export function selectFlights(
  flights: Flight[],
  direction: Direction,
  query: BoardQuery,
  now_ms: number,
  names: Names,
): Flight[] {
  const words = query.q.toLowerCase().split(/\s+/).filter(Boolean);
  const chosen = flights.filter(
    (flight) =>
      inWindow(flight, direction, query, now_ms) &&
      (query.airline === '' || flight.carrier === query.airline) &&
      (query.terminal === '' || terminalOf(flight, direction) === query.terminal) &&
      (query.status === '' || groupOf(flight, direction) === query.status) &&
      !(query.hideDeparted && isDone(flight, direction)) &&
      (words.length === 0 || matches(flight, direction, words, names)),
  );
  const keyed = chosen.map((flight) => ({
    flight,
    at_ms: sideTimes(flight, direction).scheduled ?? 0,
    key: sortKey(flight, direction, query, names),
  }));
  keyed.sort(
    (a, b) =>
      (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) ||
      a.at_ms - b.at_ms ||
      flightName(a.flight).localeCompare(flightName(b.flight)),
  );
  return keyed.map((one) => one.flight);
}

export function terminalOf(flight: Flight, direction: Direction): string | null {
  return direction === 'departures' ? flight.departure.terminal : flight.arrival.terminal;
}

/** The other end of the flight, seen from the board. */
export function placeOf(flight: Flight, direction: Direction): string {
  return direction === 'departures' ? flight.arrival.airport : flight.departure.airport;
}

/** Left from here, or come in here. */
export function isDone(flight: Flight, direction: Direction): boolean {
  return (direction === 'departures' ? GONE : DONE_ARRIVING).includes(flight.status);
}

function groupOf(flight: Flight, direction: Direction): StatusGroup {
  if (isDone(flight, direction)) return 'gone';
  if (flight.status === 'cancelled' || flight.status === 'diverted') return 'cancelled';
  if (flight.status === 'delayed') return 'delayed';
  if (direction === 'departures' && BOARDING.includes(flight.status)) return 'boarding';
  const { scheduled, revised } = sideTimes(flight, direction);
  if (scheduled !== null && revised !== null && revised - scheduled >= 15 * 60_000) return 'delayed';
  return 'upcoming';
}

function inWindow(flight: Flight, direction: Direction, query: BoardQuery, now_ms: number): boolean {
  if (query.window === 'all') return true;
  const { scheduled, latest } = sideTimes(flight, direction);
  // A cancelled flight will not leave at the time it was last put off to.
  const at_ms = flight.status === 'cancelled' ? scheduled : (latest ?? scheduled);
  if (at_ms === null) return true;
  const isOver = isDone(flight, direction) || flight.status === 'cancelled';
  if (at_ms < now_ms - (isOver ? DONE_FOR_MS : OPEN_FOR_MS)) return false;
  return query.window === 'now' || at_ms <= now_ms + AHEAD_4H_MS;
}

function matches(flight: Flight, direction: Direction, words: string[], names: Names): boolean {
  const place = placeOf(flight, direction);
  const gate = direction === 'departures' ? flight.departure.gate : flight.arrival.gate;
  const text = [
    flightName(flight),
    `${flight.carrier}${flight.number}`,
    ...flight.codeshares,
    place,
    names.city(place),
    names.airline(flight.carrier),
    gate === null ? '' : `gate ${gate}`,
  ]
    .join(' ')
    .toLowerCase();
  return words.every((word) => text.includes(word));
}

function sortKey(flight: Flight, direction: Direction, query: BoardQuery, names: Names): string {
  if (query.sort === 'place') return names.city(placeOf(flight, direction)).toLowerCase();
  if (query.sort === 'flight') return `${flight.carrier} ${flight.number.padStart(4, '0')}`;
  return '';
}
