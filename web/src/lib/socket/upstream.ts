import type { UpstreamFrame } from '@/wire/types';

/**
 * The operational instant since which the hub gets no changes, or null while it does. With an unreadable or future
 * instant this is `now_ms`: such a hub never counts as current.
 */
export function awaySince(frame: UpstreamFrame, now_ms: number): number | null {
  if (frame.current) return null;
  const since_ms = Date.parse(frame.since ?? '');
  return Number.isFinite(since_ms) ? Math.min(since_ms, now_ms) : now_ms;
}
