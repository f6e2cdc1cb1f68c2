import type { DirectoryView } from '@/lib/directory/directory';
import { useServices } from '@/lib/services/services';
import { useEffect, useSyncExternalStore } from 'react';
import type { AirportRow } from '@/wire/types';

export function useDirectory(): DirectoryView {
  const { directory } = useServices();
  return useSyncExternalStore(
    (tell) => directory.subscribe(tell),
    () => directory.view(),
  );
}

/** An airport by its code. Until it is known, its code stands for its name and its times are told in UTC. */
export function useAirport(iata: string): AirportRow {
  const { directory } = useServices();
  const view = useDirectory();
  const known = view.airports.get(iata);
  const isMissing = view.known && !known && iata !== '';
  useEffect(() => {
    if (isMissing) directory.miss();
  }, [directory, isMissing]);
  return known ?? { iata, name: iata, city: iata, country: '', zone: 'UTC', flights: 0 };
}
