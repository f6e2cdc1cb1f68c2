import { sideTimes } from '@/lib/flight/flight-times';
import { statusWords } from '@/lib/flight/status-words';
import { type FlightField, valueAt } from '@/lib/store/flight-fields';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight } from '@/wire/types';

/** A time that moved by less is no reason to speak: estimates creep by the minute. */
const MOVED_MS = 15 * 60_000;

/** A place that a traveller has to go to, and what it is called. */
export type Place = { field: FlightField; name: string };

/** How the flight stands now, if that is another thing than before. */
export function statusNews(before: Flight, after: Flight, direction: Direction): string[] {
  const { words } = statusWords(after, direction);
  if (words === statusWords(before, direction).words) return [];
  const was = sideTimes(before, direction).latest;
  const is = sideTimes(after, direction).latest;
  const hasMoved = was !== null && is !== null && Math.abs(is - was) >= MOVED_MS;
  return hasMoved || before.status !== after.status ? [words] : [];
}

/** Where to go now, for each of the places that is another than before. */
export function placeNews(before: Flight, after: Flight, places: Place[]): string[] {
  return places.flatMap(({ field, name }) => {
    const is = valueAt(after, field);
    if (is === valueAt(before, field)) return [];
    return [typeof is === 'string' ? `${name} ${is}` : `${name} no longer known`];
  });
}
