import { sideTimes } from '@/lib/flight/flight-times';
import { statusWords } from '@/lib/flight/status-words';
import { type FlightField, valueAt } from '@/lib/store/flight-fields';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight } from '@/wire/types';

/** A smaller change of a time is not announced: estimates drift by minutes. */
const MOVED_MS = 15 * 60_000;

/** A place that a traveller has to go to, with its name. */
export type Place = { field: FlightField; name: string };

/** The flight's status, if it differs from the previous one. */
export function statusNews(before: Flight, after: Flight, direction: Direction): string[] {
  const { words } = statusWords(after, direction);
  if (words === statusWords(before, direction).words) return [];
  const was = sideTimes(before, direction).latest;
  const is = sideTimes(after, direction).latest;
  const hasMoved = was !== null && is !== null && Math.abs(is - was) >= MOVED_MS;
  return hasMoved || before.status !== after.status ? [words] : [];
}

/** The places to go to, for each place that has changed. */
export function placeNews(before: Flight, after: Flight, places: Place[]): string[] {
  return places.flatMap(({ field, name }) => {
    const is = valueAt(after, field);
    if (is === valueAt(before, field)) return [];
    return [typeof is === 'string' ? `${name} ${is}` : `${name} no longer known`];
  });
}
