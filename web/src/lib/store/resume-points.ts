import type { Flight } from '@/wire/types';

/**
 * Two flights that change in the same moment may reach us in either order, so a position taken from the newest
 * alone could skip the other. Going back this much of real time costs a few flights sent twice.
 */
const OVERLAP_S = 2;

/**
 * How far the hub has told each topic. Another topic's snapshot, and the answer to a `get`, may hold a flight
 * from long after the last word on this one; a position taken from there would skip what changed in between.
 */
export class ResumePoints {
  /** The newest instant that the topic itself has brought; -Infinity after a snapshot of no flights. */
  readonly #told_ms = new Map<string, number>();

  /** The topic's own snapshot, the whole or what changed since the last position. */
  snapshot(topic: string, flights: Flight[]): void {
    let newest_ms = this.#told_ms.get(topic) ?? -Infinity;
    for (const flight of flights) newest_ms = later(newest_ms, flight.changed_at);
    this.#told_ms.set(topic, newest_ms);
  }

  /** A change that came in its turn, after everything older of the topic. */
  change(topic: string, at: string): void {
    const told_ms = this.#told_ms.get(topic);
    if (told_ms !== undefined) this.#told_ms.set(topic, later(told_ms, at));
  }

  /** The instant from which to resume: just before the newest. Null when the whole must be asked for. */
  since(topic: string, speed: number): string | null {
    const told_ms = this.#told_ms.get(topic) ?? -Infinity;
    if (!Number.isFinite(told_ms)) return null;
    const since_ms = told_ms - OVERLAP_S * 1000 * Math.max(1, speed);
    return new Date(since_ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
  }

  forget(topic: string): void {
    this.#told_ms.delete(topic);
  }

  clear(): void {
    this.#told_ms.clear();
  }
}

/** An instant that cannot be read moves nothing. */
function later(than_ms: number, instant: string): number {
  const ms = Date.parse(instant);
  return ms > than_ms ? ms : than_ms;
}
