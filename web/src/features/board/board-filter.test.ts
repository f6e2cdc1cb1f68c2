import { selectFlights } from '@/features/board/board-filter';
import { readQuery, writeQuery } from '@/features/board/board-query';
import { aFlight } from '@/testing/a-flight';
import { expect, test } from 'vitest';

const now = Date.parse('2013-02-08T21:00:00Z');
const at = (hours: number) => new Date(now + hours * 3_600_000).toISOString();
const names = {
  city: (iata: string) => ({ FLL: 'Fort Lauderdale', BOS: 'Boston' })[iata] ?? iata,
  airline: (code: string) => ({ B6: 'JetBlue', DL: 'Delta' })[code] ?? code,
};
const shown = (search: string, flights: ReturnType<typeof aFlight>[]) =>
  selectFlights(flights, 'departures', readQuery(new URLSearchParams(search)), now, names).map(
    (flight) => flight.leg,
  );

test('a board begins an hour ago for what is over, and much earlier for what has not left', () => {
  const flights = [
    aFlight({ leg: 'left-long-ago', status: 'airborne', departure: { scheduled: at(-3), actual: at(-1.2) } }),
    aFlight({ leg: 'just-left', status: 'departed', departure: { scheduled: at(-3), actual: at(-0.5) } }),
    aFlight({ leg: 'forgotten', status: 'boarding', departure: { scheduled: at(-2) } }),
    aFlight({
      leg: 'cancelled-later-time',
      status: 'cancelled',
      departure: { scheduled: at(-4), estimated: at(1) },
    }),
    aFlight({ leg: 'tonight', departure: { scheduled: at(7) } }),
  ];
  expect(shown('', flights)).toEqual(['just-left', 'forgotten', 'tonight']);
  expect(shown('window=4h', flights)).toEqual(['just-left', 'forgotten']);
  expect(shown('window=all', flights)).toHaveLength(5);
  expect(shown('departed=hide', flights)).toEqual(['forgotten', 'tonight']);
});

test('search finds a flight by its number, its codeshare, its city, its airline and its gate', () => {
  const flights = [
    aFlight({ leg: 'a', codeshares: ['EI5105'] }),
    aFlight({ leg: 'b', carrier: 'DL', number: '40', departure: { gate: '7' }, arrival: { airport: 'BOS' } }),
  ];
  for (const words of ['b6 615', 'B6615', 'ei5105', 'lauderdale', 'jetblue', 'gate 12', 'fll 615']) {
    expect(shown(`q=${words}`, flights)).toEqual(['a']);
  }
});

test('filters by airline, terminal and status apply together', () => {
  const flights = [
    aFlight({ leg: 'a', status: 'delayed' }),
    aFlight({ leg: 'b', status: 'cancelled' }),
    aFlight({ leg: 'c', carrier: 'DL', status: 'delayed', departure: { terminal: '2' } }),
  ];
  expect(shown('status=delayed', flights)).toEqual(['a', 'c']);
  expect(shown('status=delayed&terminal=5&airline=B6', flights)).toEqual(['a']);
});

test('a board can be in the order of its cities', () => {
  const flights = [
    aFlight({ leg: 'fll' }),
    aFlight({ leg: 'bos', departure: { scheduled: at(3) }, arrival: { airport: 'BOS' } }),
  ];
  expect(shown('', flights)).toEqual(['fll', 'bos']);
  expect(shown('sort=place', flights)).toEqual(['bos', 'fll']);
});

test('a query survives the address, and nonsense in the address is as if it were not there', () => {
  const search = 'q=boston&airline=B6&terminal=5&status=delayed&window=4h&departed=hide&sort=place';
  expect(writeQuery(readQuery(new URLSearchParams(search))).toString()).toBe(search);
  expect(writeQuery(readQuery(new URLSearchParams('window=forever&status=lost&sort=luck'))).toString()).toBe(
    '',
  );
});
