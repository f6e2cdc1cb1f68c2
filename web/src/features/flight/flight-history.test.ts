import { lacksEntries, mergeEntries } from '@/features/flight/history-entries';
import { sourceInWords, tellHistory } from '@/features/flight/history-words';
import type { ChangeFrame, HistoryEntry } from '@/wire/types';
import { expect, test } from 'vitest';

const telling = {
  departure: 'America/New_York',
  arrival: 'America/Chicago',
  now_ms: Date.parse('2013-02-08T20:00:00Z'),
};
const entry = (rev: number, set: Record<string, unknown>): HistoryEntry => ({
  rev,
  at: '2013-02-08T20:00:00Z',
  kinds: [],
  set,
  source: 'jfk',
});
const frame = (rev: number, set: Record<string, unknown>): ChangeFrame => ({
  leg: 'x',
  rev,
  at: '2013-02-08T20:00:00Z',
  kinds: [],
  set,
});

test('live frames continue the fetched history, each revision once', () => {
  const merged = mergeEntries(
    [entry(1, {}), entry(2, { 'departure.gate': '12' })],
    [frame(2, {}), frame(3, { 'departure.gate': '14' })],
  );
  expect(merged.map((one) => [one.rev, one.source])).toEqual([
    [1, 'jfk'],
    [2, 'jfk'],
    [3, null],
  ]);
});

test('a missing revision is noticed, in the middle and at the end', () => {
  const merged = mergeEntries([entry(4, {}), entry(5, {})], [frame(7, {})]);
  expect(lacksEntries(merged, 7)).toBe(true);
  expect(lacksEntries(merged.slice(0, 2), 5)).toBe(false);
  expect(lacksEntries(merged.slice(0, 2), 6)).toBe(true);
});

test('each value is told beside the one it replaced, in the time of its own end, the newest first', () => {
  const told = tellHistory(
    mergeEntries(
      [
        entry(1, { 'departure.gate': '12', 'arrival.estimated': '2013-02-09T00:10:00Z' }),
        entry(2, { 'departure.gate': '14' }),
      ],
      [],
    ),
    telling,
  );
  expect(
    told.map((one) => one.lines.map((line) => `${line.name}: ${line.before ?? ''}>${line.after}`)),
  ).toEqual([['Departure gate: 12>14'], ['Departure gate: >12', 'Expected arrival: >18:10 CST']]);
});

test('a time on another day is told with its day, and a move of exactly a day is told', () => {
  const told = tellHistory(
    mergeEntries(
      [
        entry(1, { 'departure.estimated': '2013-02-08T21:00:00Z' }),
        entry(2, { 'departure.estimated': '2013-02-09T21:00:00Z' }),
      ],
      [],
    ),
    telling,
  );
  expect(told[0]?.lines[0]).toMatchObject({ before: '16:00 EST', after: 'Sat 9 Feb 16:00 EST' });
});

test('a status is told as people say it, and that there is nothing is told only where there was something', () => {
  const told = tellHistory(
    mergeEntries(
      [
        entry(1, { status: 'scheduled', codeshares: [], remark: null }),
        entry(2, { status: 'check_in', codeshares: ['EI5105'] }),
        entry(3, { codeshares: [] }),
      ],
      [],
    ),
    telling,
  );
  expect(told.map((one) => one.lines.map((line) => `${line.name}: ${line.after}`))).toEqual([
    ['Also sold as: no other number'],
    ['Status: check-in open', 'Also sold as: EI 5105'],
    ['Status: scheduled'],
  ]);
});

test('a source that is an airport’s code is told as such', () => {
  expect(['jfk', 'desk', 'operations'].map(sourceInWords)).toEqual(['JFK', 'desk', 'operations']);
});

test('what is taken back is said to be, and seconds that nobody sees are not told', () => {
  const told = tellHistory(
    mergeEntries(
      [
        entry(1, { remark: 'x', 'departure.estimated': '2013-02-08T21:00:00Z' }),
        entry(2, { remark: null }),
        entry(3, { 'departure.estimated': '2013-02-08T21:00:20Z' }),
      ],
      [],
    ),
    telling,
  );
  expect(told).toHaveLength(2);
  expect(told[0]?.lines[0]).toMatchObject({ before: 'x', after: 'taken back' });
});
