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

/** An airport by its code. Until it is known, its name is the code and its times are in UTC. */
export function useAirport(iata: string): AirportRow {
  const { directory } = useServices();
  const view = useDirectory();
  const known = view.airports.get(iata);
  const isMissing = view.known && !known && iata !== '';
  useEffect(() => {
    if (isMissing) directory.miss();
  }, [directory, isMissing]);
  return known ?? unknownAirport(iata);
}

/** The airport of an open board, which may be one that has no flights. */
export function useBoardAirport(iata: string): AirportRow {
  const { directory } = useServices();
  const view = useDirectory();
  const known = view.airports.get(iata) ?? view.others.get(iata);
  const isMissing = view.known && !known;
  useEffect(() => {
    if (isMissing) directory.find(iata);
  }, [directory, isMissing, iata]);
  return known ?? unknownAirport(iata);
}

const unknownAirport = (iata: string): AirportRow => ({
  iata,
  name: iata,
  city: iata,
  country: '',
  zone: 'UTC',
  flights: 0,
});
