import { longDate, otherDay, timeOfDay, timeWithZone, zoneAbbreviation } from '@/lib/time/zoned';
import { expect, test } from 'vitest';

const at = Date.parse('2013-02-08T21:04:11Z');

test('an instant is told in the time of the airport', () => {
  expect(timeOfDay(at, 'America/New_York')).toBe('16:04');
  expect(timeOfDay(at, 'Europe/Paris')).toBe('22:04');
  expect(timeOfDay(Date.parse('2013-02-08T05:00:00Z'), 'America/New_York')).toBe('00:00');
  expect(longDate(at, 'America/New_York')).toBe('Friday 8 February');
});

test('zones go by the names their people use, in summer and in winter', () => {
  expect(zoneAbbreviation(at, 'America/New_York')).toBe('EST');
  expect(zoneAbbreviation(Date.parse('2013-07-08T21:04:11Z'), 'America/New_York')).toBe('EDT');
  expect(zoneAbbreviation(at, 'Europe/Paris')).toBe('CET');
  expect(zoneAbbreviation(at, 'Asia/Kolkata')).toBe('IST');
  expect(zoneAbbreviation(at, 'Asia/Dubai')).toBe('GST');
  expect(zoneAbbreviation(at, 'America/Sao_Paulo')).toBe('GMT-2');
});

test('a time on another day than the board’s is marked with its day', () => {
  expect(otherDay(Date.parse('2013-02-09T04:59:00Z'), at, 'America/New_York')).toBeNull();
  expect(otherDay(Date.parse('2013-02-09T05:00:00Z'), at, 'America/New_York')).toBe('Sat 9 Feb');
});

test('an instant is told with its zone, and with its day when that is not today there', () => {
  expect(timeWithZone(at, at, 'America/New_York')).toBe('16:04 EST');
  const pastMidnight = Date.parse('2013-02-09T05:00:00Z');
  expect(timeWithZone(at, pastMidnight, 'America/New_York')).toBe('Fri 8 Feb 16:04 EST');
  expect(timeWithZone(at, pastMidnight, 'America/Los_Angeles')).toBe('13:04 PST');
});

test('a zone the browser does not know is told in UTC and named so', () => {
  expect(timeOfDay(at, 'Mars/Olympus')).toBe('21:04');
  expect(zoneAbbreviation(at, 'Mars/Olympus')).toBe('UTC');
});
