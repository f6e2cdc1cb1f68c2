import type { SourceFrame } from '@/wire/types';

/** A silent source: its facts may have changed since. */
export type SilentSource = {
  feed: string;
  /** Null if it is not an airport's source, and so concerns all airports. */
  airport: string | null;
  /** The operational instant of its last report. */
  since_ms: number;
};

/**
 * The silent sources after one more frame. A source with an unreadable or future instant is silent since `now_ms`:
 * it never counts as reporting.
 */
export function afterSource(
  silent: readonly SilentSource[],
  frame: SourceFrame,
  now_ms: number,
): readonly SilentSource[] {
  const { feed, airport, since } = frame;
  const others = silent.filter((source) => source.feed !== feed);
  if (since === null) return others;
  const at_ms = Date.parse(since);
  const since_ms = Number.isFinite(at_ms) ? Math.min(at_ms, now_ms) : now_ms;
  return [...others, { feed, airport, since_ms }];
}

/** The silent sources that concern these airports, the longest silence first. */
export function silentFor(
  silent: readonly SilentSource[],
  airports: readonly string[],
): readonly SilentSource[] {
  const concerning = silent.filter(({ airport }) => airport === null || airports.includes(airport));
  return concerning.sort((a, b) => a.since_ms - b.since_ms);
}
