import { ApiProblem } from '@/lib/api/api-problem';
import type { Cancel } from '@/lib/clock/timers';
import { useServices } from '@/lib/services/services';
import { type SilentSource, afterSource } from '@/lib/socket/silent-sources';
import type { Flight, FlightsBody } from '@/wire/types';
import { useEffect, useState } from 'react';

/** Waits for this pause in typing before a search. Real time. */
const PAUSE_MS = 200;
/** A single letter would match too much. */
const LETTERS_MIN = 2;
/** The hub's limit. */
const LETTERS_MAX = 64;
/** The maximum number of flights listed; more letters narrow the search. */
export const FLIGHTS_MAX = 8;
/** The number of flights requested from this hour on; departed flights are sorted last. */
const LOOKED_AT = 40;
/** Flights that left longer ago are requested only if there is space. The hub's time. */
const PAST_MS = 3_600_000;
/** The delay before a failed search is retried. Real time. */
const AGAIN_MS = 5_000;
const MINUTE_MS = 60_000;
const GONE: ReadonlySet<string> = new Set(['departed', 'airborne', 'landed', 'arrived', 'bags_on_belt']);

/** The instant of a response, and the sources that were silent then. The hub's time. */
export type Told = { asOf_ms: number; silent: readonly SilentSource[] };

export type FlightSearch = {
  /** The search text of this response; if it differs from the typed text, the next response is pending. */
  text: string;
  flights: Flight[];
  /** The time and the silent sources of the response. */
  told: Told;
  problem: string | null;
};

/** Whether the text is long enough for a search. */
export const isSearch = (typed: string): boolean => typed.trim().length >= LETTERS_MIN;

const NOBODY_ASKED: Told = { asOf_ms: 0, silent: [] };
const NOTHING: FlightSearch = { text: '', flights: [], told: NOBODY_ASKED, problem: null };

/** The flights that match a text, the next departure first. Keeps the last response until the next arrives. */
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
      // A search for a flight number should also find a departed flight.
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

/** If the instant is unreadable, uses the time of the response. */
function toldOf({ as_of, silent_sources }: FlightsBody, now_ms: number): Told {
  const asOf_ms = Date.parse(as_of);
  const silent = silent_sources.reduce<Told['silent']>(
    (before, source) => afterSource(before, source, now_ms),
    [],
  );
  return { asOf_ms: Number.isFinite(asOf_ms) ? asOf_ms : now_ms, silent };
}
