import { useServices } from '@/lib/services/services';
import { useSyncExternalStore } from 'react';

/** How often the real clock is looked at to see whether the hub's has moved on. */
const LOOK_MS = 500;

/**
 * The hub's time, rounded down to `step_ms`; the component is drawn again only when a step is taken.
 * A board takes steps of a minute, a clock of a second.
 */
export function useNow(step_ms: number): number {
  const { clock, timers } = useServices();
  return useSyncExternalStore(
    (tell) => {
      let cancel = timers.after(LOOK_MS, look);
      function look(): void {
        tell();
        cancel = timers.after(LOOK_MS, look);
      }
      return () => cancel();
    },
    () => Math.floor(clock.now_ms() / step_ms) * step_ms,
  );
}
