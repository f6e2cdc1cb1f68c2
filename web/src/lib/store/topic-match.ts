import type { Flight } from '@/wire/types';

export type Direction = 'departures' | 'arrivals';

export const boardTopic = (iata: string, direction: Direction): string => `board/${iata}/${direction}`;
export const flightTopic = (leg: string): string => `flight/${leg}`;

/** The flight that a topic is of, null where it is of many. */
export const legOfTopic = (topic: string): string | null =>
  topic.startsWith('flight/') ? topic.slice('flight/'.length) : null;

/** Whether a flight belongs to a topic: a change frame names no topic, so we decide by the flight itself. */
export function topicMatches(topic: string, flight: Flight): boolean {
  if (topic === 'all') return true;
  const [kind = '', name = '', direction] = topic.split('/');
  if (kind === 'flight') return topic === flightTopic(flight.leg);
  if (kind === 'airline') return flight.carrier === name;
  if (kind !== 'board') return false;
  if (direction === 'departures') return flight.departure.airport === name;
  return flight.arrival.airport === name || flight.diverted_to === name;
}
