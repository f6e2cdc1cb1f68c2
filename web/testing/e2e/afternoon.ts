/** Reports of an afternoon at JFK, enough for a board that is longer than a screen. */
const PLACES = ['FLL', 'BOS', 'ORD', 'ATL', 'MCO', 'SFO', 'LAX', 'SEA', 'DEN', 'CLT'];

type Report = {
  carrier: string;
  number: string;
  origin_date: string;
  from: string;
  to: string;
  set: Record<string, unknown>;
};

export function flightReport(number: string, to: string, set: Record<string, unknown>): Report {
  return { carrier: 'B6', number, origin_date: '2013-02-08', from: 'JFK', to, set };
}

/** B6 615 to Fort Lauderdale at gate 12, and forty more. */
export function afternoon(): Report[] {
  const others = Array.from({ length: 40 }, (_, index) =>
    flightReport(String(700 + index), PLACES[index % PLACES.length] ?? 'BOS', {
      'departure.scheduled': new Date(Date.parse('2013-02-08T20:20:00Z') + index * 600_000)
        .toISOString()
        .replace('.000', ''),
      'arrival.scheduled': new Date(Date.parse('2013-02-08T23:20:00Z') + index * 600_000)
        .toISOString()
        .replace('.000', ''),
      'departure.terminal': '5',
      'departure.gate': String(1 + (index % 30)),
      ...(index % 5 === 1 ? { status: 'cancelled', delay_reason: 'weather' } : {}),
      ...(index % 5 === 2 ? { 'departure.estimated': '2013-02-09T04:10:00Z', delay_reason: 'weather' } : {}),
      ...(index === 3 ? { status: 'boarding' } : {}),
    }),
  );
  const followed = flightReport('615', 'FLL', {
    'departure.scheduled': '2013-02-08T20:15:00Z',
    'arrival.scheduled': '2013-02-08T23:10:00Z',
    'departure.terminal': '5',
    'departure.gate': '12',
    codeshares: ['EI5105'],
  });
  return [followed, ...others];
}
