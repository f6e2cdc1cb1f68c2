import { useServices } from '@/lib/services/services';
import type { HeldFlight } from '@/lib/store/held-flight';
import { useCallback, useSyncExternalStore } from 'react';

/** One flight; the component is drawn again only when this flight changes. */
export function useHeldFlight(leg: string): HeldFlight | undefined {
  const { store } = useServices();
  const subscribe = useCallback((tell: () => void) => store.subscribeFlight(leg, tell), [store, leg]);
  return useSyncExternalStore(subscribe, () => store.flight(leg));
}
