import type { SourceFrame } from '@/wire/types';

/** A source of facts that the hub does not hear: what it said may have changed since. */
export type SilentSource = {
  feed: string;
  /** Null where it speaks for no airport in particular, and so concerns all of them. */
  airport: string | null;
  /** The operational instant at which it was last heard. */
  since_ms: number;
};

/**
 * The silent sources after one more frame. One whose instant cannot be read, or is to come, is silent since
 * `now_ms`: it is never taken for heard.
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

/** Those that concern what is shown of these airports, the one that has been silent for longest first. */
export function silentFor(
  silent: readonly SilentSource[],
  airports: readonly string[],
): readonly SilentSource[] {
  const concerning = silent.filter(({ airport }) => airport === null || airports.includes(airport));
  return concerning.sort((a, b) => a.since_ms - b.since_ms);
}
