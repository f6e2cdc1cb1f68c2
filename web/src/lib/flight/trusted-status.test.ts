import { sideTimes } from '@/lib/flight/flight-times';
import { FRESH, type Staleness, trustedStatus } from '@/lib/flight/trusted-status';
import { statusWords } from '@/lib/flight/status-words';
import { aFlight } from '@/testing/a-flight';
import { expect, test } from 'vitest';

const MINUTE_MS = 60_000;
const std = Date.parse('2013-02-08T21:00:00Z');
const stale: Staleness = { real_ms: 5 * MINUTE_MS, operational_ms: 5 * MINUTE_MS };
const said = (status: Parameters<typeof aFlight>[0], now_ms: number, age = stale) =>
  trustedStatus(aFlight(status), 'departures', now_ms, age);

test('with a live link what the hub says is said', () => {
  const status = said({ status: 'boarding' }, std + MINUTE_MS, { real_ms: 0, operational_ms: 0 });
  expect(status).toMatchObject({ words: 'Boarding', note: null });
});

test('"Boarding" does not survive a lost link past the time of departure, and it is said what it was', () => {
  expect(said({ status: 'boarding' }, std - MINUTE_MS)).toMatchObject({ words: 'Boarding', note: null });
  expect(said({ status: 'boarding' }, std + MINUTE_MS)).toEqual({
    words: 'Not confirmed',
    tone: 'unsure',
    delay: null,
    note: 'was Boarding',
    showsEstimate: false,
  });
});

test('a loss of seconds takes nothing back, nor does one of a minute on a day replayed sixty times as fast', () => {
  const seconds: Staleness = { real_ms: 10_000, operational_ms: 10_000 };
  const replayed: Staleness = { real_ms: 3_000, operational_ms: 180_000 };
  expect(said({ status: 'boarding' }, std + MINUTE_MS, seconds).words).toBe('Boarding');
  expect(said({ status: 'boarding' }, std + MINUTE_MS, replayed).words).toBe('Boarding');
});

test('what stays true stays: a departure and a cancellation', () => {
  expect(said({ status: 'departed' }, std + MINUTE_MS).words).toBe('Departed');
  expect(said({ status: 'cancelled' }, std + MINUTE_MS).words).toBe('Cancelled');
});

test('an estimate that nobody has confirmed for half an hour gives way to the schedule', () => {
  const late = { status: 'delayed', departure: { estimated: '2013-02-08T23:00:00Z' } } as const;
  const old: Staleness = { real_ms: 31 * MINUTE_MS, operational_ms: 31 * MINUTE_MS };
  expect(said(late, std).showsEstimate).toBe(true);
  expect(said(late, std, old)).toMatchObject({ showsEstimate: false, note: 'was Delayed 2 h' });
});

test('a delay is told with its length, and a flight that is merely put off is not "on time"', () => {
  const later = (minutes: number) =>
    aFlight({ departure: { estimated: new Date(std + minutes * MINUTE_MS).toISOString() } });
  expect(statusWords(later(0), 'departures').words).toBe('On time');
  expect(statusWords(later(7), 'departures').words).toBe('New time');
  expect(statusWords(later(42), 'departures').words).toBe('Delayed 42 min');
  expect(statusWords(later(125), 'departures').words).toBe('Delayed 2 h 05');
});

test('a flight without a schedule is not "on time", on neither board', () => {
  const none = { scheduled: null };
  const flight = aFlight({ departure: none, arrival: none });
  expect(statusWords(flight, 'departures').words).toBe('Scheduled, time not known');
  expect(statusWords({ ...flight, status: 'boarding' }, 'arrivals').words).toBe('Scheduled, time not known');
  const expected = aFlight({ departure: { ...none, estimated: '2013-02-08T21:00:00Z' } });
  expect(statusWords(expected, 'departures').words).toBe('Scheduled');
});

test('a status that this page does not know is said as it is', () => {
  const flight = { ...aFlight(), status: 'de_icing' as never };
  expect(statusWords(flight, 'departures').words).toBe('de icing');
});

const sta = Date.parse('2013-02-09T00:10:00Z');
const iso = (at_ms: number) => new Date(at_ms).toISOString();
const onBoard = (parts: Parameters<typeof aFlight>[0], direction: 'departures' | 'arrivals') => {
  const { words, tone, delay } = statusWords(aFlight(parts), direction);
  return { words, tone, delay };
};

test('a flight that is late keeps its step, and the delay stands beside it', () => {
  const late = { delayed: true, departure: { estimated: iso(std + 42 * MINUTE_MS) } } as const;
  expect(onBoard({ ...late, status: 'boarding' }, 'departures')).toMatchObject({
    words: 'Boarding',
    delay: 'Delayed 42 min',
  });
  expect(onBoard({ status: 'check_in', delayed: true }, 'departures')).toMatchObject({
    words: 'Check-in open',
    delay: 'Delayed',
  });
  expect(onBoard({ ...late, status: 'delayed' }, 'departures')).toMatchObject({
    words: 'Delayed 42 min',
    delay: null,
  });
});

test('a flight that is late at its origin is never on time at its destination', () => {
  const statuses = ['delayed', 'check_in', 'gate_open', 'boarding', 'final_call', 'gate_closed'] as const;
  for (const status of statuses) {
    const forecast = { status, delayed: true, arrival: { forecast: iso(sta + 150 * MINUTE_MS) } };
    expect(onBoard(forecast, 'arrivals')).toMatchObject({ words: 'Delayed about 2 h 30', tone: 'late' });
    expect(onBoard({ status, delayed: true }, 'arrivals').words).toBe('Delayed');
    const said = { status, delayed: true, arrival: { estimated: iso(sta) } };
    expect(onBoard(said, 'arrivals').words, 'whatever its arrival airport says').toBe('Delayed');
  }
  const left = {
    status: 'airborne',
    delayed: true,
    arrival: { forecast: iso(sta + 40 * MINUTE_MS) },
  } as const;
  expect(onBoard(left, 'arrivals')).toMatchObject({ words: 'In the air', delay: 'Delayed about 40 min' });
});

test('a flight with a doubtful time is not on time, and the time is not shown as one', () => {
  const doubtful = {
    doubtful: ['departure.estimated'],
    departure: { estimated: '2013-02-10T12:00:00Z' },
  };
  expect(onBoard(doubtful, 'departures')).toMatchObject({ words: 'Time unconfirmed', tone: 'unsure' });
  expect(onBoard(doubtful, 'arrivals').words).toBe('Time unconfirmed');
  const flight = aFlight({
    doubtful: ['arrival.estimated'],
    arrival: { estimated: iso(std), forecast: iso(sta + 1) },
  });
  expect(sideTimes(flight, 'arrivals')).toMatchObject({ estimated: null, latest: sta + 1 });
});

test('a time that has passed without a newer one is no time to count on', () => {
  const words = (
    parts: Parameters<typeof aFlight>[0],
    direction: 'departures' | 'arrivals',
    now_ms: number,
  ) => trustedStatus(aFlight(parts), direction, now_ms, FRESH);
  expect(words({}, 'departures', std + 14 * MINUTE_MS).words).toBe('On time');
  expect(words({}, 'departures', std + 15 * MINUTE_MS).words).toBe('Delayed, no new time');
  expect(words({ status: 'delayed', delayed: true }, 'arrivals', sta + 15 * MINUTE_MS).words).toBe(
    'Delayed, no new time',
  );
  const boards = words({ status: 'boarding' }, 'departures', std + 20 * MINUTE_MS);
  expect(boards).toMatchObject({ words: 'Boarding', delay: 'Delayed, no new time' });
  const over = words(
    { status: 'departed', departure: { actual: iso(std) } },
    'departures',
    std + 60 * MINUTE_MS,
  );
  expect(over).toMatchObject({ words: 'Departed', delay: null });
});
