import type { Direction } from '@/lib/store/topic-match';
import type { Flight } from '@/wire/types';

/**
 * The times of one end of a flight, in milliseconds. `latest` is the best that is known. A time that the hub
 * calls doubtful is none.
 */
export type SideTimes = {
  scheduled: number | null;
  estimated: number | null;
  actual: number | null;
  /** The forecast arrival after a late departure, if no source has given a plausible estimate. */
  forecast: number | null;
  latest: number | null;
  /** The newer time, when it is another minute than the scheduled one. */
  revised: number | null;
};

const MINUTE_MS = 60_000;

/** Reading instants is most of the work of ordering a long board, and a flight is never changed in place. */
const known = { departures: new WeakMap<Flight, SideTimes>(), arrivals: new WeakMap<Flight, SideTimes>() };

export function sideTimes(flight: Flight, direction: Direction): SideTimes {
  let times = known[direction].get(flight);
  if (!times) {
    times = readTimes(flight, direction);
    known[direction].set(flight, times);
  }
  return times;
}

/**
 * Where a flight stands on a board of this direction, as the hub orders its boards: by the schedule of that
 * side, or the best other time of it, or by the other side's. Null when no time at all is known.
 */
export function boardTime(flight: Flight, direction: Direction): number | null {
  const { scheduled, latest } = sideTimes(flight, direction);
  if (scheduled !== null || latest !== null) return scheduled ?? latest;
  const other = sideTimes(flight, direction === 'departures' ? 'arrivals' : 'departures');
  return other.scheduled ?? other.latest;
}

/** A smaller difference makes no passenger late, and boards do not show it as a new time. */
const SLIGHT_MS = 5 * MINUTE_MS;

/**
 * How much a side's newer time matters to a traveller. `slight`: as good as the schedule, which stands beside it.
 * `moved`: another time than the one to count on. `past`: it has happened, and there is nothing to hurry for.
 */
export type TimeWeight = 'slight' | 'moved' | 'past';

export function weightOf(flight: Flight, direction: Direction): TimeWeight {
  const { scheduled, revised, actual } = sideTimes(flight, direction);
  if (scheduled !== null && revised !== null && Math.abs(revised - scheduled) < SLIGHT_MS) return 'slight';
  return actual === null ? 'moved' : 'past';
}

function readTimes(flight: Flight, direction: Direction): SideTimes {
  const side = direction === 'departures' ? flight.departure : flight.arrival;
  const scheduled = instant(side.scheduled);
  const name = direction === 'departures' ? 'departure' : 'arrival';
  const trusted = (part: 'estimated' | 'actual') =>
    flight.doubtful.includes(`${name}.${part}`) ? null : instant(side[part]);
  const estimated = trusted('estimated');
  const actual = trusted('actual');
  const forecast = direction === 'arrivals' ? instant(flight.arrival.forecast) : null;
  const newer = actual ?? estimated ?? forecast;
  const differs = newer !== null && (scheduled === null || minute(newer) !== minute(scheduled));
  return {
    scheduled,
    estimated,
    actual,
    forecast,
    latest: newer ?? scheduled,
    revised: differs ? newer : null,
  };
}

function instant(text: string | null): number | null {
  if (text === null) return null;
  const at_ms = Date.parse(text);
  return Number.isFinite(at_ms) ? at_ms : null;
}

const minute = (at_ms: number): number => Math.floor(at_ms / MINUTE_MS);
