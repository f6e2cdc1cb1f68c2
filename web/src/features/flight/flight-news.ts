import { type Place, placeNews } from '@/lib/flight/change-words';
import type { Flight } from '@/wire/types';

const PLACES: Place[] = [
  { field: 'departure.terminal', name: 'departure terminal' },
  { field: 'departure.check_in', name: 'check-in' },
  { field: 'departure.gate', name: 'departure gate' },
  { field: 'arrival.terminal', name: 'arrival terminal' },
  { field: 'arrival.gate', name: 'arrival gate' },
  { field: 'arrival.belt', name: 'baggage belt' },
];

/** The announcements of a flight except its status, which the page's header announces. */
export const flightNews = (before: Flight, after: Flight): string[] => placeNews(before, after, PLACES);

/** One flight changes seldom: soon enough to be of use, late enough for what comes in one go. */
export const FLIGHT_NEWS_EVERY_MS = 2_000;
