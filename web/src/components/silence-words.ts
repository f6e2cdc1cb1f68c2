import type { SilentSource } from '@/lib/socket/silent-sources';
import { timeWithZone } from '@/lib/time/zoned';

/** The owner of the missing data. */
export function sourceName(source: SilentSource): string {
  return source.airport === null ? `The source “${source.feed}”` : `${source.airport}’s own data`;
}

/** "LGA’s own data has been silent since 15:04 EST", for the source that has been silent for longest. */
export function silenceWords(silent: readonly SilentSource[], now_ms: number, zone: string): string | null {
  const [longest] = silent;
  if (!longest) return null;
  const since = timeWithZone(longest.since_ms, now_ms, zone);
  return `${sourceName(longest)} has been silent since ${since}`;
}
