import { selectFlights } from '@/features/board/board-filter';
import { readQuery, writeQuery } from '@/features/board/board-query';
import { aFlight } from '@/testing/a-flight';
import { expect, test } from 'vitest';

const now = Date.parse('2013-02-08T21:00:00Z');
const at = (hours: number) => new Date(now + hours * 3_600_000).toISOString();
const names = {
  city: (iata: string) => ({ FLL: 'Fort Lauderdale', BOS: 'Boston' })[iata] ?? iata,
  airline: (code: string) => ({ B6: 'JetBlue', DL: 'Delta' })[code] ?? code,
  icao: (code: string) => ({ B6: 'JBU', DL: 'DAL' })[code] ?? null,
};
const shown = (search: string, flights: ReturnType<typeof aFlight>[]) =>
  selectFlights(flights, 'departures', readQuery(new URLSearchParams(search)), now, names).map(
    (flight) => flight.leg,
  );

test('a board lets go of what has left, later of what was cancelled, and much later of what has not left', () => {
  const flights = [
    aFlight({ leg: 'left-long-ago', status: 'airborne', departure: { scheduled: at(-3), actual: at(-0.4) } }),
    aFlight({ leg: 'just-left', status: 'departed', departure: { scheduled: at(-3), actual: at(-0.3) } }),
    aFlight({ leg: 'forgotten', status: 'boarding', departure: { scheduled: at(-2) } }),
    aFlight({
      leg: 'cancelled-later-time',
      status: 'cancelled',
      departure: { scheduled: at(-4), estimated: at(1) },
    }),
    aFlight({ leg: 'cancelled', status: 'cancelled', departure: { scheduled: at(-0.9) } }),
    aFlight({ leg: 'tonight', departure: { scheduled: at(7) } }),
  ];
  expect(shown('', flights)).toEqual(['just-left', 'forgotten', 'cancelled', 'tonight']);
  expect(shown('window=4h', flights)).toEqual(['just-left', 'forgotten', 'cancelled']);
  expect(shown('window=all', flights)).toHaveLength(6);
  expect(shown('departed=hide', flights)).toEqual(['forgotten', 'cancelled', 'tonight']);
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

test('a flight is found by the ICAO designator that its ticket may have, whenever it is', () => {
  const flights = [
    aFlight({ leg: 'morning', number: '703', status: 'arrived', departure: { scheduled: at(-9) } }),
    aFlight({ leg: 'other', carrier: 'DL', number: '703' }),
  ];
  for (const words of ['JBU703', 'jbu 703', 'JBU-0703', 'JBU70']) {
    expect(shown(`q=${words}`, flights)).toEqual(['morning']);
  }
  expect(shown('q=DAL703', flights)).toEqual(['other']);
});

test('a gate is found however it is written', () => {
  const gates = ['14', 'B14', 'B1', '07', 'C31A'];
  const flights = gates.map((gate) =>
    aFlight({ leg: gate, carrier: 'ZZ', number: '9', departure: { gate } }),
  );
  expect(shown('q=gate 14', flights)).toEqual(['14', 'B14']);
  expect(shown('q=Gate14', flights)).toEqual(['14', 'B14']);
  expect(shown('q=gate b14', flights)).toEqual(['B14']);
  expect(shown('q=b14', flights)).toEqual(['B14']);
  expect(shown('q=gate 7', flights)).toEqual(['07']);
  expect(shown('q=gate 07', flights)).toEqual(['07']);
  expect(shown('q=gate c31a', flights)).toEqual(['C31A']);
  expect(shown('q=gate 3', flights)).toEqual([]);
});

test('who waits for a flight finds it on the arrivals three quarters of an hour after it has come in', () => {
  const came = (leg: string, hours: number) =>
    aFlight({ leg, status: 'arrived', arrival: { scheduled: at(-2), actual: at(hours) } });
  const legs = selectFlights(
    [came('gone', -0.8), came('here', -0.7)],
    'arrivals',
    readQuery(new URLSearchParams()),
    now,
    names,
  ).map((flight) => flight.leg);
  expect(legs).toEqual(['here']);
});

test('a number is searched for from its beginning, under every number the flight is sold as', () => {
  const flights = [
    aFlight({ leg: '157', number: '157' }),
    aFlight({ leg: '15', number: '15', codeshares: ['EI6150'] }),
    aFlight({ leg: '615' }),
    aFlight({ leg: 'dl', carrier: 'DL', number: '99', codeshares: ['B65615'], departure: { gate: 'B61' } }),
  ];
  expect(shown('q=615', flights)).toEqual(['15', '615']);
  expect(shown('q=0615', flights)).toEqual(['15', '615']);
  expect(shown('q=b6 615', flights)).toEqual(['615']);
  expect(shown('q=B6-615', flights)).toEqual(['615']);
  expect(shown('q=ei 615', flights)).toEqual(['15']);
  expect(shown('q=b615', flights)).toEqual(['15', '157']);
  expect(shown('q=jetblue 5615', flights)).toEqual(['dl']);
  expect(shown('q=delta 5615', flights)).toEqual([]);
  expect(shown('q=gate b61', flights)).toEqual(['dl']);
});

test('a flight that is named is found whenever it is, one that shares a place only within the window', () => {
  const flights = [
    aFlight({ leg: 'morning', status: 'arrived', departure: { scheduled: at(-9), actual: at(-9) } }),
    aFlight({ leg: 'tonight', number: '1', departure: { scheduled: at(7) } }),
  ];
  expect(shown('q=615', flights)).toEqual(['morning']);
  expect(shown('q=b6 1&window=4h', flights)).toEqual(['tonight']);
  expect(shown('q=b6', flights)).toEqual(['tonight']);
  expect(shown('q=lauderdale', flights)).toEqual(['tonight']);
});

test('a flight without a time here stands by that of its other end, and last without any, and is not among those on time', () => {
  const flights = [
    aFlight({ leg: 'no-time', departure: { scheduled: null }, arrival: { scheduled: null } }),
    aFlight({ leg: 'only-arrival', departure: { scheduled: null }, arrival: { scheduled: at(3) } }),
    aFlight({ leg: 'late', departure: { scheduled: at(5) } }),
    aFlight({ leg: 'only-estimate', departure: { scheduled: null, estimated: at(1) } }),
  ];
  expect(shown('', flights)).toEqual(['only-estimate', 'only-arrival', 'late', 'no-time']);
  expect(shown('status=upcoming', flights)).toEqual(['late']);
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
