import { FRESH, type Staleness } from '@/lib/flight/trusted-status';
import { useServices } from '@/lib/services/services';
import { useLink } from '@/lib/services/use-link';
import { useNow } from '@/lib/services/use-now';
import type { TopicView } from '@/lib/store/topic-view';
import { useMemo } from 'react';

const STEP_MS = 1_000;

export type BoardAge = Staleness & {
  /** The operational instant of which the board is a true picture. */
  asOf_ms: number;
  /** `interrupted`: the link is live, but the hub itself hears of no changes. */
  state: 'loading' | 'live' | 'interrupted' | 'reconnecting' | 'stale' | 'refused';
};

/** From here on a board calls itself stale rather than reconnecting. Real time. */
const STALE_AFTER_MS = 60_000;

/** How old what is shown of a topic is. */
export function useStaleness(topic: TopicView): BoardAge {
  const { clock, timers } = useServices();
  const link = useLink();
  const now_ms = useNow(STEP_MS);
  return useMemo(() => {
    const { phase, lost_ms, away_since_ms } = link;
    /** What was true at an instant, and may have changed since. */
    const asOf = (asOf_ms: number, state: BoardAge['state']): BoardAge => {
      const operational_ms = Math.max(0, now_ms - asOf_ms);
      return { real_ms: operational_ms / clock.speed(), operational_ms, asOf_ms, state };
    };
    if (phase === 'refused' && lost_ms === null) return { ...FRESH, asOf_ms: now_ms, state: 'refused' };
    if (!topic.known) return { ...FRESH, asOf_ms: now_ms, state: 'loading' };
    const behind_ms = Math.min(topic.behind_since_ms ?? Infinity, away_since_ms ?? Infinity);
    if (lost_ms === null) {
      if (topic.behind_since_ms !== null) return asOf(behind_ms, 'reconnecting');
      if (away_since_ms !== null) return asOf(away_since_ms, 'interrupted');
      return { ...FRESH, asOf_ms: now_ms, state: 'live' };
    }
    const refused = phase === 'refused';
    const isLong = timers.now() - lost_ms >= STALE_AFTER_MS;
    return asOf(
      Math.min(clock.at_ms(lost_ms), behind_ms),
      refused ? 'refused' : isLong ? 'stale' : 'reconnecting',
    );
  }, [clock, timers, link, now_ms, topic.known, topic.behind_since_ms]);
}
