import { ApiProblem } from '@/lib/api/api-problem';
import type { Cancel } from '@/lib/clock/timers';
import { useServices } from '@/lib/services/services';
import { type SilentSource, afterSource } from '@/lib/socket/silent-sources';
import type { Flight, FlightsBody } from '@/wire/types';
import { useEffect, useState } from 'react';

/** Whoever types is not asked after every letter. Real time. */
const PAUSE_MS = 200;
/** A letter alone fits a part of all there is. */
const LETTERS_MIN = 2;
/** The hub takes no more. */
const LETTERS_MAX = 64;
/** How many flights are offered; who wants another one types more. */
export const FLIGHTS_MAX = 8;
/** So many of this hour and later are looked at, as those that have left already come last. */
const LOOKED_AT = 40;
/** Flights that left longer ago than this are looked for only where there is room. The hub's time. */
const PAST_MS = 3_600_000;
/** A search that failed is tried again after this long. Real time. */
const AGAIN_MS = 5_000;
const MINUTE_MS = 60_000;
const GONE: ReadonlySet<string> = new Set(['departed', 'airborne', 'landed', 'arrived', 'bags_on_belt']);

/** The instant at which an answer was true, and the sources that the hub did not hear then. The hub's time. */
export type Told = { asOf_ms: number; silent: readonly SilentSource[] };

export type FlightSearch = {
  /** What was looked for; while it is not what is typed, the answer is to come. */
  text: string;
  flights: Flight[];
  /** How things stood when it was answered. */
  told: Told;
  problem: string | null;
};

/** Whether it is enough to be looked for. */
export const isSearch = (typed: string): boolean => typed.trim().length >= LETTERS_MIN;

const NOBODY_ASKED: Told = { asOf_ms: 0, silent: [] };
const NOTHING: FlightSearch = { text: '', flights: [], told: NOBODY_ASKED, problem: null };

/** The flights that fit a text, the next to leave first. Keeps the last answer until there is another one. */
export function useFlightSearch(typed: string): FlightSearch {
  const { getJson, clock, timers } = useServices();
  const [answer, setAnswer] = useState(NOTHING);
  const [failures, setFailures] = useState(0);
  const text = typed.trim().slice(0, LETTERS_MAX);
  const isAsked = isSearch(typed);
  useEffect(() => {
    if (!isAsked) return;
    const giveUp = new AbortController();
    const find = async (limit: number, since: string): Promise<FlightsBody> => {
      const query = `/flights?q=${encodeURIComponent(text)}&limit=${limit}${since}`;
      return getJson<FlightsBody>(query, giveUp.signal);
    };
    const ask = async () => {
      const from_ms = Math.floor(clock.now_ms() / MINUTE_MS) * MINUTE_MS - PAST_MS;
      const from = new Date(from_ms).toISOString().replace('.000', '');
      const coming = await find(LOOKED_AT, `&from=${from}`);
      // Who names a flight wants that flight, also when it has left.
      const past = coming.flights.length < FLIGHTS_MAX ? (await find(FLIGHTS_MAX, '')).flights : [];
      const all = [...coming.flights.filter(isToLeave), ...coming.flights, ...past];
      const flights = [...new Map(all.map((flight) => [flight.leg, flight])).values()];
      return { flights: flights.slice(0, FLIGHTS_MAX), told: toldOf(coming, clock.now_ms()) };
    };
    let again: Cancel = () => {};
    const cancel = timers.after(PAUSE_MS, () => {
      ask().then(
        ({ flights, told }) => setAnswer({ text, flights, told, problem: null }),
        (error: unknown) => {
          if (giveUp.signal.aborted) return;
          const problem = error instanceof ApiProblem ? error.message : String(error);
          setAnswer({ text, flights: [], told: NOBODY_ASKED, problem });
          again = timers.after(AGAIN_MS, () => setFailures((count) => count + 1));
        },
      );
    });
    return () => {
      cancel();
      again();
      giveUp.abort();
    };
  }, [getJson, clock, timers, text, isAsked, failures]);
  return isAsked ? answer : NOTHING;
}

function isToLeave(flight: Flight): boolean {
  return flight.departure.actual === null && !GONE.has(flight.status);
}

/** An instant that cannot be read is that of the answer. */
function toldOf({ as_of, silent_sources }: FlightsBody, now_ms: number): Told {
  const asOf_ms = Date.parse(as_of);
  const silent = silent_sources.reduce<Told['silent']>(
    (before, source) => afterSource(before, source, now_ms),
    [],
  );
  return { asOf_ms: Number.isFinite(asOf_ms) ? asOf_ms : now_ms, silent };
}
