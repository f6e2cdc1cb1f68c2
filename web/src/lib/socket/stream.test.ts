import { BOARD, aStreamedBoard } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { expect, test } from 'vitest';

const ARRIVALS = 'board/JFK/arrivals';
const leg = aFlight().leg;

test('when WebSocket cannot be opened three times in a row, the event stream is tried', () => {
  const { hub, streams, client, store } = aStreamedBoard([aFlight()]);
  expect(hub.connections).toHaveLength(3);
  expect(streams.last.asked()).toEqual([{ op: 'follow', topic: BOARD }]);
  expect(client.link()).toMatchObject({ phase: 'live', via: 'stream' });
  expect(store.topic(BOARD).legs.size).toBe(1);
  streams.last.says({ type: 'ping' }, BOARD);
  expect(streams.last.asked()).not.toContainEqual({ op: 'pong' });
});

test('from the stream the client goes back to WebSocket after a while', () => {
  const { hub, streams, timers } = aStreamedBoard([aFlight()]);
  for (let times = 0; times < 7; times += 1) {
    timers.advance(10_000);
    streams.last.says({ type: 'ping' }, BOARD);
  }
  expect(hub.connections).toHaveLength(4);
  expect(streams.last.closed).toBe(true);
});

test('a stream on which nothing is heard for two pings is dead, and its board as old as that', () => {
  const { streams, timers, client, clock, store } = aStreamedBoard([aFlight()]);
  timers.advance(9_000);
  streams.last.says({ type: 'ping' }, BOARD);
  const heard_ms = timers.now();
  timers.advance(19_900);
  expect(client.link()).toMatchObject({ phase: 'live', via: 'stream' });
  timers.advance(100);
  expect(client.link()).toMatchObject({ phase: 'reconnecting', lost_ms: heard_ms });
  expect(store.topic(BOARD).behind_since_ms).toBe(clock.at_ms(heard_ms));
});

test('one dead stream of several is noticed, however lively the others are', () => {
  const { streams, timers, client, clock, store } = aStreamedBoard([aFlight()]);
  client.follow(ARRIVALS);
  streams.last.greetsOn(ARRIVALS);
  streams.last.says({ type: 'snapshot', topic: ARRIVALS, partial: false, flights: [] }, ARRIVALS);
  const heard_ms = timers.now();
  for (let times = 0; times < 4; times += 1) {
    expect(client.link().phase).toBe('live');
    timers.advance(5_000);
    streams.last.says({ type: 'ping' }, BOARD);
  }
  expect(client.link()).toMatchObject({ phase: 'reconnecting', lost_ms: heard_ms });
  expect(store.topic(ARRIVALS).behind_since_ms).toBe(clock.at_ms(heard_ms));
});

test('a stream that is opened and never speaks is noticed as well', () => {
  const { streams, timers, client } = aStreamedBoard([aFlight()]);
  client.follow(ARRIVALS);
  for (let times = 0; times < 4; times += 1) {
    timers.advance(5_000);
    streams.last.says({ type: 'ping' }, BOARD);
  }
  expect(client.link().phase).toBe('reconnecting');
});

test('a topic that is no longer followed need not be heard', () => {
  const { streams, timers, client } = aStreamedBoard([aFlight()]);
  const leave = client.follow(ARRIVALS);
  leave();
  for (let times = 0; times < 8; times += 1) {
    timers.advance(5_000);
    streams.last.says({ type: 'ping' }, BOARD);
  }
  expect(client.link()).toMatchObject({ phase: 'live', via: 'stream' });
});

test('an answer of the REST interface is no sign of life of a stream', () => {
  const { streams, timers, client } = aStreamedBoard([aFlight()]);
  const heard_ms = timers.now();
  timers.advance(15_000);
  streams.last.says({ type: 'state', flight: aFlight({ rev: 2 }) });
  timers.advance(5_000);
  expect(client.link()).toMatchObject({ phase: 'reconnecting', lost_ms: heard_ms });
});

test('a flight whose state was refused for the moment is asked for again, and joins in the end', () => {
  const { streams, timers, client, store } = aStreamedBoard([]);
  const diverted = aFlight({ rev: 9, status: 'diverted', diverted_to: 'BOS' });
  client.follow('board/BOS/arrivals');
  streams.last.says({ type: 'change', leg, rev: 9, at: diverted.changed_at, kinds: [], set: {} }, BOARD);
  const asked = streams.last.sent.at(-1) as { ref?: number };
  streams.last.says({ type: 'error', ref: asked.ref ?? null, code: 'rate_limited', message: 'busy' });
  timers.advance(2_000);
  expect(streams.last.asked().filter((frame) => frame.op === 'get')).toHaveLength(2);
  streams.last.says({ type: 'state', flight: diverted });
  expect(store.topic('board/BOS/arrivals').legs.has(leg)).toBe(true);
});

test('where the only topic was refused, another can be followed at once', () => {
  const { streams, timers, client } = aStreamedBoard([aFlight()]);
  timers.advance(25_000);
  while (streams.connections.length < 2) {
    timers.advance(1_000);
  }
  streams.last.opens();
  const asked = streams.last.sent.at(-1) as { ref?: number };
  streams.last.says({ type: 'error', ref: asked.ref ?? null, code: 'unknown_topic', message: 'No.' });
  client.follow(ARRIVALS);
  expect(streams.last.asked().at(-1)).toEqual({ op: 'follow', topic: ARRIVALS });
});

test('a board that was left is kept while a stream only tries to reach the hub', () => {
  const { hub, streams, timers, store, client, unfollow } = aStreamedBoard([aFlight()]);
  const before = streams.connections.length;
  client.goOffline();
  unfollow();
  timers.advance(4_000);
  for (let times = 0; streams.connections.length === before && times < 9; times += 1) {
    client.retryNow();
    hub.last.drops();
  }
  streams.last.opens();
  expect(store.topic(BOARD).known).toBe(true);
  streams.last.greetsOn('board/JFK/arrivals');
  expect(store.topic(BOARD).known).toBe(false);
});
