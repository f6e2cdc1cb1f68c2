import { fullJitter } from '@/lib/socket/backoff';
import { BOARD, aClient, aLiveBoard } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { expect, test } from 'vitest';

test('the backoff is anywhere between nothing and a ceiling that doubles up to its cap', () => {
  for (let attempt = 0; attempt < 40; attempt += 1) {
    const ceiling_ms = Math.min(15_000, 500 * 2 ** attempt);
    expect(fullJitter(attempt, () => 0)).toBe(0);
    expect(fullJitter(attempt, () => 0.999_999)).toBeLessThanOrEqual(ceiling_ms);
    expect(fullJitter(attempt, () => 0.999_999)).toBeGreaterThan(ceiling_ms * 0.99);
  }
});

test('each attempt in vain waits under a higher ceiling, and a good connection starts anew', () => {
  const { hub, timers, client } = aClient({ random: () => 1 });
  client.start();
  const waits = [0, 1, 2].map(() => {
    hub.last.drops();
    const wait_ms = timers.next_ms() ?? -1;
    timers.advance(wait_ms);
    return wait_ms;
  });
  expect(waits).toEqual([500, 1000, 2000]);
  hub.last.greets();
  timers.advance(20_000);
  hub.last.drops();
  expect(timers.next_ms()).toBe(500);
});

test('a hub that greets and drops in the same moment does not start the backoff anew', () => {
  const { hub, timers, client } = aClient({ random: () => 1 });
  client.start();
  for (const expected_ms of [500, 1000, 2000]) {
    hub.last.greets();
    hub.last.drops();
    expect(timers.next_ms()).toBe(expected_ms);
    timers.advance(expected_ms);
  }
});

test('a slow reader that was let go comes back after the delay in the reason and not before', () => {
  const { hub, timers } = aLiveBoard([aFlight()], { random: () => 0 });
  hub.last.drops(4001, '{"retry_ms":7000}');
  timers.advance(6_999);
  expect(hub.connections).toHaveLength(1);
  timers.advance(1);
  expect(hub.connections).toHaveLength(2);
});

test('a delay that makes no sense is not believed', () => {
  const { hub, timers } = aLiveBoard([aFlight()], { random: () => 0 });
  hub.last.drops(4000, '{"retry_ms":1e12}');
  expect(timers.next_ms()).toBeLessThanOrEqual(120_000);
  const other = aLiveBoard([aFlight()], { random: () => 0 });
  other.hub.last.drops(4000, 'going down');
  other.timers.advance(1);
  expect(other.hub.connections).toHaveLength(2);
});

test('after a close code of "do not come back" the client stays away and says why', () => {
  const { hub, timers, client } = aLiveBoard([aFlight()]);
  hub.last.drops(4102, 'origin');
  timers.advance(3_600_000);
  expect(hub.connections).toHaveLength(1);
  expect(client.link()).toMatchObject({
    phase: 'refused',
    message: 'The hub does not serve pages from this address.',
  });
  // To look at the page again is not to ask for it.
  client.wake();
  timers.advance(3_600_000);
  expect(hub.connections).toHaveLength(1);
  client.retryNow();
  expect(hub.connections).toHaveLength(2);
});

test('every ping is answered', () => {
  const { hub } = aLiveBoard([aFlight()]);
  hub.last.says({ type: 'ping' });
  expect(hub.last.asked().at(-1)).toEqual({ op: 'pong' });
});

test('a link on which nothing is heard for two pings is dead, and its board is as old as the last word', () => {
  const { hub, timers, client, clock, store } = aLiveBoard([aFlight()]);
  timers.advance(20_000);
  hub.last.says({ type: 'ping' });
  const heard_ms = timers.now();
  timers.advance(49_900);
  expect(client.link().phase).toBe('live');
  timers.advance(100);
  expect(client.link()).toMatchObject({ phase: 'reconnecting', lost_ms: heard_ms });
  expect(hub.connections[0]?.closed).toBe(true);
  expect(store.topic(BOARD)).toMatchObject({ known: true, behind_since_ms: clock.at_ms(heard_ms) });
});

test('a hub that accepts the line and says nothing is given up', () => {
  const { hub, timers, client } = aClient();
  client.start();
  hub.last.opens();
  timers.advance(12_000);
  expect(hub.connections.length).toBeGreaterThan(1);
});

test('a machine that slept gives up a link that was silent meanwhile as soon as its page is shown again', () => {
  const { hub, timers, client, clock, store } = aLiveBoard([aFlight()], { random: () => 1 });
  const heard_ms = timers.now();
  timers.sleep(3 * 3_600_000);
  client.wake();
  expect(client.link()).toMatchObject({ phase: 'reconnecting', lost_ms: heard_ms });
  expect(store.topic(BOARD).behind_since_ms).toBe(clock.at_ms(heard_ms));
  timers.advance(500);
  expect(hub.connections).toHaveLength(2);
});

test('a screen that slept and that nobody looks at gives up its link within a second', () => {
  const { timers, client } = aLiveBoard([aFlight()]);
  timers.sleep(3 * 3_600_000);
  timers.advance(1_000);
  expect(client.link().phase).toBe('reconnecting');
});

test('a browser without a network is believed at once, and what is shown is as old as the last word', () => {
  const { hub, timers, client, clock, store } = aLiveBoard([aFlight()]);
  const heard_ms = timers.now();
  timers.advance(5_000);
  client.goOffline();
  expect(client.link()).toMatchObject({ phase: 'reconnecting', lost_ms: heard_ms });
  expect(store.topic(BOARD).behind_since_ms).toBe(clock.at_ms(heard_ms));
  client.wake();
  timers.advance(500);
  expect(hub.connections).toHaveLength(2);
});

test('a page that is shown again leaves a link alone that was heard a moment ago', () => {
  const { hub, timers, client } = aLiveBoard([aFlight()]);
  timers.advance(30_000);
  client.wake();
  expect(client.link().phase).toBe('live');
  expect(hub.connections).toHaveLength(1);
});

test('a page that is shown again does not wait out a long backoff, and not all pages come at once', () => {
  const { hub, timers, client } = aLiveBoard([aFlight()], { random: () => 1 });
  for (let before = 1; before <= 6; before += 1) {
    hub.last.drops();
    while (hub.connections.length === before) timers.advance(100);
  }
  hub.last.drops();
  timers.advance(14_000);
  const before = hub.connections.length;
  expect(before).toBe(7);
  client.wake();
  expect(hub.connections).toHaveLength(before);
  timers.advance(500);
  expect(hub.connections).toHaveLength(before + 1);
});
