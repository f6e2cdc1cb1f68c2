import { type Place, placeNews, statusNews } from '@/lib/flight/change-words';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight } from '@/wire/types';

const PLACES: Record<Direction, Place[]> = {
  departures: [{ field: 'departure.gate', name: 'gate' }],
  arrivals: [
    { field: 'arrival.gate', name: 'gate' },
    { field: 'arrival.belt', name: 'belt' },
  ],
};

const newsOf = (direction: Direction) => (before: Flight, after: Flight) => [
  ...statusNews(before, after, direction),
  ...placeNews(before, after, PLACES[direction]),
];

/** The announcements of a board for screen readers: only changes that a traveller acts on. */
export const BOARD_NEWS = { departures: newsOf('departures'), arrivals: newsOf('arrivals') };

/** The minimum interval of announcements, because a busy board must not talk without a pause. */
export const BOARD_NEWS_EVERY_MS = 15_000;
