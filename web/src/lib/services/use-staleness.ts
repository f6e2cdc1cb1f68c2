import { FRESH, type Staleness } from '@/lib/flight/trusted-status';
import { useServices } from '@/lib/services/services';
import { useLink } from '@/lib/services/use-link';
import { useNow } from '@/lib/services/use-now';
import { type SilentSource, silentFor } from '@/lib/socket/silent-sources';
import type { TopicView } from '@/lib/store/topic-view';
import { useMemo } from 'react';

const STEP_MS = 1_000;

export type BoardAge = Staleness & {
  /** The operational instant of which the board is a true picture. */
  asOf_ms: number;
  /**
   * `interrupted`: the link is live, but the hub itself hears of no changes. `silent`: it hears of changes, but
   * not from a source of what is shown.
   */
  state: 'loading' | 'live' | 'silent' | 'interrupted' | 'reconnecting' | 'stale' | 'refused';
  /** Whether there is anything to show that could be old. */
  known: boolean;
  /** The sources of what is shown that the hub does not hear. */
  silent: readonly SilentSource[];
};

/** From here on a board calls itself stale rather than reconnecting. Real time. */
const STALE_AFTER_MS = 60_000;

/** How old what is shown of a topic is, as far as these airports tell of it. */
export function useStaleness(topic: TopicView, airports: readonly string[]): BoardAge {
  const { clock, timers } = useServices();
  const link = useLink();
  const now_ms = useNow(STEP_MS);
  const places = airports.join();
  return useMemo(() => {
    const { phase, lost_ms, away_since_ms } = link;
    const { known, behind_since_ms } = topic;
    const silent = silentFor(link.silent, places.split(','));
    const silent_ms = silent[0]?.since_ms ?? Infinity;
    /** What was true at an instant, and may have changed since. */
    const asOf = (state: BoardAge['state'], ...instants_ms: number[]): BoardAge => {
      const asOf_ms = Math.min(silent_ms, ...instants_ms);
      const operational_ms = Math.max(0, now_ms - asOf_ms);
      return { real_ms: operational_ms / clock.speed(), operational_ms, asOf_ms, state, known, silent };
    };
    if (lost_ms === null) {
      const fresh = { ...FRESH, asOf_ms: now_ms, known, silent };
      if (phase === 'refused') return { ...fresh, state: 'refused' };
      if (!known) return { ...fresh, state: 'loading' };
      if (behind_since_ms !== null) return asOf('reconnecting', behind_since_ms, away_since_ms ?? Infinity);
      if (away_since_ms !== null) return asOf('interrupted', away_since_ms);
      return silent.length > 0 ? asOf('silent') : { ...fresh, state: 'live' };
    }
    const isLong = timers.now() - lost_ms >= STALE_AFTER_MS;
    const state = phase === 'refused' ? 'refused' : isLong ? 'stale' : 'reconnecting';
    return asOf(state, clock.at_ms(lost_ms), behind_since_ms ?? Infinity, away_since_ms ?? Infinity);
  }, [clock, timers, link, now_ms, topic, places]);
}
