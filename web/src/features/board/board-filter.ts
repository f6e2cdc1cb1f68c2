import type { BoardQuery, StatusGroup } from '@/features/board/board-query';
import { isNamed, matchesSearch, searchWords } from '@/features/board/board-search';
import { flightName } from '@/lib/flight/flight-name';
import { boardTime, sideTimes } from '@/lib/flight/flight-times';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight, FlightStatus } from '@/wire/types';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** After this time a departed flight is hardly useful; an arrived one still is, to people who wait for it. */
const DEPARTED_FOR_MS = 20 * MINUTE_MS;
const ARRIVED_FOR_MS = 45 * MINUTE_MS;
/** A cancelled flight stays visible for this time after its scheduled time, so that its passengers find it. */
const CANCELLED_FOR_MS = HOUR_MS;
/** A flight that has not left stays much longer: its time may have passed without a report. */
const OPEN_FOR_MS = 6 * HOUR_MS;
const AHEAD_4H_MS = 4 * HOUR_MS;

const GONE: FlightStatus[] = ['departed', 'airborne', 'landed', 'arrived', 'bags_on_belt'];
const DONE_ARRIVING: FlightStatus[] = ['landed', 'arrived', 'bags_on_belt'];
const BOARDING: FlightStatus[] = ['gate_open', 'boarding', 'final_call', 'gate_closed'];

/** Context for sorting and searching the list. */
export type Names = {
  city: (iata: string) => string;
  airline: (code: string) => string;
  /** The ICAO designator of an airline, or null. */
  icao: (code: string) => string | null;
};

/** The flights a traveller asked to see, in order. */
export function selectFlights(
  flights: Flight[],
  direction: Direction,
  query: BoardQuery,
  now_ms: number,
  names: Names,
): Flight[] {
  const words = searchWords(query.q);
  const chosen = flights.filter(
    (flight) =>
      // Who names a flight wants that flight, whenever it is.
      (query.window === 'all' ||
        inWindow(flight, direction, query, now_ms) ||
        isNamed(flight, words, names)) &&
      (query.airline === '' || flight.carrier === query.airline) &&
      (query.terminal === '' || terminalOf(flight, direction) === query.terminal) &&
      (query.status === '' || groupOf(flight, direction) === query.status) &&
      !(query.hideDeparted && isDone(flight, direction)) &&
      matchesSearch(flight, placeOf(flight, direction), gateOf(flight, direction), words, names),
  );
  const keyed = chosen.map((flight) => ({
    flight,
    // A flight without a known time is last.
    at_ms: boardTime(flight, direction) ?? Infinity,
    key: sortKey(flight, direction, query, names),
  }));
  keyed.sort(
    (a, b) =>
      (a.key < b.key ? -1 : a.key > b.key ? 1 : 0) ||
      (a.at_ms < b.at_ms ? -1 : a.at_ms > b.at_ms ? 1 : 0) ||
      flightName(a.flight).localeCompare(flightName(b.flight)),
  );
  return keyed.map((one) => one.flight);
}

export function terminalOf(flight: Flight, direction: Direction): string | null {
  return direction === 'departures' ? flight.departure.terminal : flight.arrival.terminal;
}

function gateOf(flight: Flight, direction: Direction): string | null {
  return direction === 'departures' ? flight.departure.gate : flight.arrival.gate;
}

/** The other end of the flight, seen from the board. */
export function placeOf(flight: Flight, direction: Direction): string {
  return direction === 'departures' ? flight.arrival.airport : flight.departure.airport;
}

/** Left from here, or come in here. */
export function isDone(flight: Flight, direction: Direction): boolean {
  return (direction === 'departures' ? GONE : DONE_ARRIVING).includes(flight.status);
}

/** Null for a flight without a known time: it is neither on time nor late. */
function groupOf(flight: Flight, direction: Direction): StatusGroup | null {
  if (isDone(flight, direction)) return 'gone';
  if (flight.status === 'cancelled' || flight.status === 'diverted') return 'cancelled';
  if (flight.status === 'delayed') return 'delayed';
  if (direction === 'departures' && BOARDING.includes(flight.status)) return 'boarding';
  if (flight.delayed) return 'delayed';
  const { scheduled, revised } = sideTimes(flight, direction);
  if (scheduled === null) return null;
  if (revised !== null && revised - scheduled >= 15 * MINUTE_MS) return 'delayed';
  return 'upcoming';
}

function inWindow(flight: Flight, direction: Direction, query: BoardQuery, now_ms: number): boolean {
  const { scheduled, latest } = sideTimes(flight, direction);
  // A cancelled flight will not leave at the time it was last put off to.
  const at_ms = flight.status === 'cancelled' ? scheduled : (latest ?? scheduled);
  if (at_ms === null) return true;
  if (at_ms < now_ms - keptFor_ms(flight, direction)) return false;
  return query.window === 'now' || at_ms <= now_ms + AHEAD_4H_MS;
}

/** How long a flight stays on the board after its time. */
function keptFor_ms(flight: Flight, direction: Direction): number {
  if (flight.status === 'cancelled') return CANCELLED_FOR_MS;
  if (!isDone(flight, direction)) return OPEN_FOR_MS;
  return direction === 'departures' ? DEPARTED_FOR_MS : ARRIVED_FOR_MS;
}

function sortKey(flight: Flight, direction: Direction, query: BoardQuery, names: Names): string {
  if (query.sort === 'place') return names.city(placeOf(flight, direction)).toLowerCase();
  if (query.sort === 'flight') return `${flight.carrier} ${flight.number.padStart(4, '0')}`;
  return '';
}
