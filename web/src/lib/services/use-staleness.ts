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
  state: 'loading' | 'live' | 'reconnecting' | 'stale' | 'refused';
};

/** From here on a board calls itself stale rather than reconnecting. Real time. */
const STALE_AFTER_MS = 60_000;

/** How old what is shown of a topic is. */
export function useStaleness(topic: TopicView): BoardAge {
  const { clock, timers } = useServices();
  const link = useLink();
  const now_ms = useNow(STEP_MS);
  return useMemo(() => {
    if (link.phase === 'live' && topic.synced) return { ...FRESH, asOf_ms: now_ms, state: 'live' };
    if (link.phase === 'refused' && link.lost_ms === null)
      return { ...FRESH, asOf_ms: now_ms, state: 'refused' };
    if (!topic.known || link.lost_ms === null) {
      return { ...FRESH, asOf_ms: now_ms, state: topic.known ? 'live' : 'loading' };
    }
    const real_ms = Math.max(0, timers.now() - link.lost_ms);
    const asOf_ms = clock.at_ms(link.lost_ms);
    const operational_ms = Math.max(0, now_ms - asOf_ms);
    const refused = link.phase === 'refused';
    const state = refused ? 'refused' : real_ms >= STALE_AFTER_MS ? 'stale' : 'reconnecting';
    return { real_ms, operational_ms, asOf_ms, state };
  }, [clock, timers, link, now_ms, topic.known, topic.synced]);
}
