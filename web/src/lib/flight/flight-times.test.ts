import { weightOf } from '@/lib/flight/flight-times';
import { statusWords } from '@/lib/flight/status-words';
import { aFlight } from '@/testing/a-flight';
import { expect, test } from 'vitest';

const scheduled = '2013-02-08T21:00:00Z';
const departing = (times: { estimated?: string; actual?: string }) =>
  weightOf(aFlight({ departure: { scheduled, ...times } }), 'departures');

test('a time that differs by a few minutes is as good as the schedule', () => {
  expect(departing({ actual: '2013-02-08T20:59:00Z' })).toBe('slight');
  expect(departing({ estimated: '2013-02-08T21:04:59Z' })).toBe('slight');
});

test('a time that differs by more is the one to count on, sooner or later', () => {
  expect(departing({ estimated: '2013-02-08T21:05:00Z' })).toBe('moved');
  expect(departing({ estimated: '2013-02-08T20:55:00Z' })).toBe('moved');
});

test('what has happened is nothing to hurry for', () => {
  expect(departing({ estimated: '2013-02-08T21:30:00Z', actual: '2013-02-08T21:40:00Z' })).toBe('past');
});

test('a gate that has closed does not look like a flight that will not go', () => {
  const toneOf = (status: 'gate_closed' | 'cancelled') => statusWords(aFlight({ status }), 'departures').tone;
  expect(toneOf('gate_closed')).not.toBe(toneOf('cancelled'));
});
