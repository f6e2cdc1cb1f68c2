import type { Flight } from '@/wire/types';

/**
 * Two flights that change in the same moment may reach us in either order, so a position taken from the newest
 * alone could skip the other. Going back this much of real time costs a few flights sent twice.
 */
const OVERLAP_S = 2;

/** The instant from which to resume: just before the newest change held. Null when nothing is held. */
export function resumePoint(flights: Flight[], speed: number): string | null {
  let newest_ms = -Infinity;
  for (const flight of flights) newest_ms = Math.max(newest_ms, Date.parse(flight.changed_at));
  if (!Number.isFinite(newest_ms)) return null;
  const since_ms = newest_ms - OVERLAP_S * 1000 * Math.max(1, speed);
  return new Date(since_ms).toISOString().replace(/\.\d{3}Z$/, 'Z');
}
