import { BOARD, aClient, aLiveBoard } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { expect, test } from 'vitest';

const RETRY_MS = 500;
const leg = aFlight().leg;

test('a topic followed before the hub has answered is asked for as a whole once it has', () => {
  const { client, hub } = aClient();
  client.start();
  client.follow(BOARD);
  expect(hub.last.asked()).toEqual([]);
  hub.last.greets();
  expect(hub.last.asked()).toEqual([{ op: 'follow', topic: BOARD }]);
});

test('after a loss within one epoch the client resumes from just before the newest change it holds', () => {
  const older = aFlight({ changed_at: '2013-02-08T18:00:00Z' });
  const newer = aFlight({ leg: 'DL-1', changed_at: '2013-02-08T19:30:10Z' });
  const { hub, timers } = aLiveBoard([older, newer]);
  hub.last.drops();
  timers.advance(RETRY_MS);
  hub.last.greets('e1');
  expect(hub.connections).toHaveLength(2);
  expect(hub.last.asked()).toEqual([{ op: 'follow', topic: BOARD, since: '2013-02-08T19:30:08Z' }]);
});

test('in a new epoch the whole is asked for, and replaces what was held whatever its revisions', () => {
  const { hub, timers, store } = aLiveBoard([aFlight({ rev: 40 }), aFlight({ leg: 'GONE-1' })]);
  hub.last.drops();
  timers.advance(RETRY_MS);
  hub.last.greets('e2');
  expect(hub.last.asked()).toEqual([{ op: 'follow', topic: BOARD }]);
  expect(store.flight(leg)?.flight.rev).toBe(40);
  hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [aFlight({ rev: 3 })] });
  expect(store.flight(leg)?.flight.rev).toBe(3);
  expect([...store.topic(BOARD).legs]).toEqual([leg]);
  expect(store.flight('GONE-1')).toBeUndefined();
});

test('a change of a new epoch is not built upon a flight of the old one', () => {
  const { hub, timers, store } = aLiveBoard([aFlight({ rev: 4 })]);
  hub.last.drops();
  timers.advance(RETRY_MS);
  hub.last.greets('e2');
  hub.last.says({
    type: 'change',
    leg,
    rev: 5,
    at: '2013-02-08T20:00:00Z',
    kinds: ['gate'],
    set: { 'departure.gate': '99' },
  });
  expect(store.flight(leg)?.flight.departure.gate).toBe('12');
  expect(hub.last.asked()).toContainEqual({ op: 'get', leg });
});

test('a part of a topic is merged into it, the whole replaces it', () => {
  const { hub, store } = aLiveBoard([aFlight(), aFlight({ leg: 'DL-1' })]);
  const changed = aFlight({ rev: 2, departure: { gate: '14' } });
  hub.last.says({ type: 'snapshot', topic: BOARD, partial: true, flights: [changed] });
  expect([...store.topic(BOARD).legs].sort()).toEqual([leg, 'DL-1'].sort());
  expect(store.flight(leg)?.flight.departure.gate).toBe('14');
  hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [changed] });
  expect([...store.topic(BOARD).legs]).toEqual([leg]);
});

test('a flight found missing before a loss is asked for again after it, because resuming by time would skip it', () => {
  const { hub, timers } = aLiveBoard([aFlight({ rev: 1 })]);
  hub.last.says({ type: 'change', leg, rev: 3, at: '2013-02-08T19:10:00Z', kinds: [], set: {} });
  hub.last.drops();
  timers.advance(RETRY_MS);
  hub.last.greets('e1');
  expect(hub.last.asked()).toContainEqual({ op: 'get', leg });
});

test('when the hub refuses the position, the whole is asked for', () => {
  const { hub, timers } = aLiveBoard([aFlight()]);
  hub.last.drops();
  timers.advance(RETRY_MS);
  hub.last.greets('e1');
  const ref =
    hub.last.sent.at(-1)?.op === 'follow' ? ((hub.last.sent.at(-1) as { ref?: number }).ref ?? null) : null;
  hub.last.says({ type: 'error', ref, code: 'bad_since', message: 'too old' });
  expect(hub.last.asked().at(-1)).toEqual({ op: 'follow', topic: BOARD });
});

test('two followers of a topic share one subscription, which ends a while after the last has left', () => {
  const { hub, client, timers, unfollow, store } = aLiveBoard([aFlight()]);
  const second = client.follow(BOARD);
  unfollow();
  timers.advance(20_000);
  expect(hub.last.asked()).toEqual([{ op: 'follow', topic: BOARD }]);
  second();
  second();
  expect(store.flight(leg)).toBeDefined();
  timers.advance(10_000);
  expect(hub.last.asked().at(-1)).toEqual({ op: 'unfollow', topic: BOARD });
  expect(store.flight(leg)).toBeUndefined();
});

test('whoever comes back to a topic at once finds it as it was, without asking the hub', () => {
  const { hub, client, unfollow, timers, store } = aLiveBoard([aFlight()]);
  unfollow();
  timers.advance(1_000);
  client.follow(BOARD);
  timers.advance(20_000);
  expect(hub.last.asked()).toEqual([{ op: 'follow', topic: BOARD }]);
  expect(store.flight(leg)).toBeDefined();
});
