import { FlightStore } from '@/lib/store/flight-store';
import { aFlight } from '@/testing/a-flight';
import { FakeTimers } from '@/testing/fake-timers';
import { expect, test, vi } from 'vitest';

const BOARD = 'board/JFK/departures';
const leg = aFlight().leg;

function aStore() {
  const timers = new FakeTimers();
  const store = new FlightStore(timers);
  store.watch(BOARD);
  store.snapshot({ topic: BOARD, partial: false, flights: [aFlight()] });
  timers.advance(1_000);
  return { timers, store };
}
const gate = (rev: number, value: string) => ({
  leg,
  rev,
  at: '2013-02-08T20:00:00Z',
  kinds: ['gate' as const],
  set: { 'departure.gate': value },
});

test('many changes in a moment wake a row once and its board once', () => {
  const { timers, store } = aStore();
  const row = vi.fn();
  const board = vi.fn();
  store.subscribeFlight(leg, row);
  store.subscribeTopic(BOARD, board);
  for (let rev = 2; rev < 12; rev += 1) store.change(gate(rev, String(rev)));
  timers.advance(20);
  expect(row).toHaveBeenCalledOnce();
  expect(board).not.toHaveBeenCalled();
  timers.advance(100);
  expect(board).toHaveBeenCalledOnce();
  expect(store.flight(leg)?.flight.departure.gate).toBe('11');
});

test('a flight is another object after a change and the same one as long as nothing happens', () => {
  const { timers, store } = aStore();
  const before = store.flight(leg);
  timers.advance(60_000);
  expect(store.flight(leg)).toBe(before);
  store.change(gate(2, '14'));
  expect(store.flight(leg)).not.toBe(before);
  expect(before?.flight.departure.gate).toBe('12');
});

test('each mark ends at its own time', () => {
  const { timers, store } = aStore();
  const marks = () => [...(store.flight(leg)?.marks.keys() ?? [])];
  store.change(gate(2, '14'));
  timers.advance(5_000);
  store.change({ ...gate(3, '14'), set: { 'departure.terminal': '7' } });
  expect(marks()).toEqual(['departure.gate', 'departure.terminal']);
  timers.advance(3_500);
  expect(marks()).toEqual(['departure.terminal']);
  timers.advance(5_000);
  expect(marks()).toEqual([]);
});

test('a flight that another topic still holds outlives its board', () => {
  const { store } = aStore();
  store.watch(`flight/${leg}`);
  store.snapshot({ topic: `flight/${leg}`, partial: false, flights: [aFlight()] });
  store.unwatch(BOARD);
  expect(store.flight(leg)).toBeDefined();
  store.unwatch(`flight/${leg}`);
  expect(store.flight(leg)).toBeUndefined();
});

test('a flight that comes to be diverted here joins the arrivals', () => {
  const timers = new FakeTimers();
  const store = new FlightStore(timers);
  store.watch('board/BOS/arrivals');
  store.snapshot({ topic: 'board/BOS/arrivals', partial: false, flights: [] });
  store.state(aFlight({ diverted_to: 'BOS', status: 'diverted' }));
  expect(store.topic('board/BOS/arrivals').legs.has(leg)).toBe(true);
});
