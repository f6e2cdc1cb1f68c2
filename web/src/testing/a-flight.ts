import type { Flight } from '@/wire/types';

type Parts = Partial<Omit<Flight, 'departure' | 'arrival' | 'aircraft'>> & {
  departure?: Partial<Flight['departure']>;
  arrival?: Partial<Flight['arrival']>;
};

/** B6 615 from New York to Fort Lauderdale on the day of the blizzard, with what a test changes about it. */
export function aFlight(parts: Parts = {}): Flight {
  const { departure, arrival, ...rest } = parts;
  return {
    leg: 'B6-615-20130208-JFK-FLL',
    rev: 1,
    changed_at: '2013-02-08T19:00:00Z',
    carrier: 'B6',
    number: '615',
    suffix: null,
    codeshares: [],
    origin_date: '2013-02-08',
    status: 'scheduled',
    delayed: false,
    doubtful: [],
    remark: null,
    delay_reason: null,
    aircraft: { type: 'A320', registration: 'N503JB' },
    diverted_to: null,
    ...rest,
    departure: {
      airport: 'JFK',
      terminal: '5',
      gate: '12',
      check_in: null,
      scheduled: '2013-02-08T21:00:00Z',
      estimated: null,
      actual: null,
      ...departure,
    },
    arrival: {
      airport: 'FLL',
      terminal: null,
      gate: null,
      belt: null,
      scheduled: '2013-02-09T00:10:00Z',
      estimated: null,
      forecast: null,
      actual: null,
      ...arrival,
    },
  };
}
