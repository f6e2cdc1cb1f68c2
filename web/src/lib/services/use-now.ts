import { ClockSteps } from '@/lib/clock/clock-steps';
import { useServices } from '@/lib/services/services';
import { useMemo, useSyncExternalStore } from 'react';

/**
 * The hub's time, rounded down to `step_ms`; the component is drawn again only when a step is taken, and
 * twice a second at most. A board takes steps of a minute, a clock of a second.
 */
export function useNow(step_ms: number): number {
  const { clock, timers } = useServices();
  const steps = useMemo(() => new ClockSteps(clock, timers, step_ms), [clock, timers, step_ms]);
  return useSyncExternalStore(steps.subscribe, steps.now_ms);
}
