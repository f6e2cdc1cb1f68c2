import { dateWords } from '@/lib/clock/date-words';
import { expect, test } from 'vitest';

const NEW_YORK = 'America/New_York';
const at = Date.parse('2013-02-08T17:00:00Z');
const HOUR_MS = 3_600_000;

test('a day that runs faster than ours, or is another than ours, is said to be a replay and of which year', () => {
  expect(dateWords(at, Date.parse('2031-05-01T17:00:00Z'), 60, NEW_YORK)).toEqual({
    date: 'Friday 8 February 2013',
    replay: 'replay ×60',
  });
  expect(dateWords(at, Date.parse('2031-05-01T17:00:00Z'), 1, NEW_YORK).replay).toBe('replay');
  expect(dateWords(at, at, 2, NEW_YORK).replay).toBe('replay ×2');
});

test('the present day is no replay, also for a browser whose clock is a little wrong at midnight', () => {
  expect(dateWords(at, at - 3 * HOUR_MS, 1, NEW_YORK)).toEqual({ date: 'Friday 8 February', replay: null });
  const midnight = Date.parse('2013-02-09T05:00:00Z');
  expect(dateWords(midnight, midnight - HOUR_MS / 2, 1, NEW_YORK).replay).toBeNull();
});
