import { type FlightField, changedFields } from '@/lib/store/flight-fields';
import type { Flight } from '@/wire/types';

/** A flight as the page holds it. Never changed in place: a row rerenders when it is another object. */
export type HeldFlight = {
  flight: Flight;
  /** The fields marked as changed just now, each with the real time at which its mark ends. */
  marks: ReadonlyMap<FlightField, number>;
  /** Counts the hub's epochs this page has seen; a flight of an old one is shown but not built upon. */
  epoch: number;
};

const NO_MARKS: ReadonlyMap<FlightField, number> = new Map();

export function holdNew(flight: Flight, epoch: number): HeldFlight {
  return { flight, marks: NO_MARKS, epoch };
}

/** Takes over a newer picture and marks what differs until `until_ms`. */
export function holdNext(held: HeldFlight, flight: Flight, epoch: number, until_ms: number): HeldFlight {
  const changed = changedFields(held.flight, flight);
  if (changed.length === 0) return { flight, marks: held.marks, epoch };
  const marks = new Map(held.marks);
  for (const field of changed) marks.set(field, until_ms);
  return { flight, marks, epoch };
}

/** The same flight without the marks that have ended; the same object when none has. */
export function withoutEndedMarks(held: HeldFlight, now_ms: number): HeldFlight {
  const kept = [...held.marks].filter(([, until_ms]) => until_ms > now_ms);
  if (kept.length === held.marks.size) return held;
  return { ...held, marks: kept.length === 0 ? NO_MARKS : new Map(kept) };
}
