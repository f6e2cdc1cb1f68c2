import { type Staleness, trustedStatus } from '@/lib/flight/trusted-status';
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
