import type { UpstreamFrame } from '@/wire/types';

/**
 * The operational instant since which the hub hears of no changes, or null when it does. A hub that is away
 * and names no instant that can be read, or one to come, is away since `now_ms`: it is never taken for current.
 */
export function awaySince(frame: UpstreamFrame, now_ms: number): number | null {
  if (frame.current) return null;
  const since_ms = Date.parse(frame.since ?? '');
  return Number.isFinite(since_ms) ? Math.min(since_ms, now_ms) : now_ms;
}
