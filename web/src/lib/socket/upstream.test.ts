import { OperationalClock } from '@/lib/clock/operational-clock';
import { awaySince } from '@/lib/socket/upstream';
import { BOARD, aLiveBoard, aStreamedBoard } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { FakeTimers } from '@/testing/fake-timers';
import { goldenFrame } from '@/testing/golden';
import { expect, test, vi } from 'vitest';

const away = goldenFrame('frame-upstream', 'upstream');
const current = goldenFrame('frame-upstream-current', 'upstream');
/** An hour and more after the fake hub's hello, so that `away` lies in the past. */
const LATER_MS = 7_200_000;

/** A live board whose hub has pinged through the time it takes for `away` to lie in the past. */
function aBoardInTheEvening(...parts: Parameters<typeof aLiveBoard>) {
  const board = aLiveBoard(...parts);
  for (let past_ms = 0; past_ms < LATER_MS; past_ms += 25_000) {
    board.timers.advance(25_000);
    board.hub.last.says({ type: 'ping' });
  }
  return board;
}

test('a hub is taken for current until it says that it hears of no changes, and since when', () => {
  const { hub, client } = aBoardInTheEvening([aFlight()]);
  expect(client.link().away_since_ms).toBeNull();
  hub.last.says(away);
  expect(client.link()).toMatchObject({
    phase: 'live',
    away_since_ms: Date.parse('2013-02-08T21:04:11.250Z'),
  });
  hub.last.says(current);
  expect(client.link()).toMatchObject({ phase: 'live', away_since_ms: null });
});

test('whoever looks at the link is told when it begins and when it is over', () => {
  const { hub, client } = aBoardInTheEvening([aFlight()]);
  const told = vi.fn();
  client.subscribe(told);
  hub.last.says(away);
  expect(told).toHaveBeenCalledTimes(1);
  hub.last.says(current);
  expect(told).toHaveBeenCalledTimes(2);
});

test('changes that come while the hub is away, and after, are applied as usual', () => {
  const { hub, store } = aBoardInTheEvening([aFlight({ rev: 1 })]);
  const { leg } = aFlight();
  const gate = (rev: number, to: string) =>
    hub.last.says({
      type: 'change',
      leg,
      rev,
      at: '2013-02-08T21:05:00Z',
      kinds: ['gate'],
      set: { 'departure.gate': to },
    });
  hub.last.says(away);
  gate(2, '14');
  hub.last.says(current);
  gate(3, '15');
  expect(store.flight(leg)?.flight).toMatchObject({ rev: 3, departure: { gate: '15' } });
});

test('what was away when the link was lost stays so until the next hello, which begins as current', () => {
  const { hub, timers, client } = aBoardInTheEvening([aFlight()], { random: () => 0 });
  hub.last.says(away);
  const since_ms = client.link().away_since_ms;
  hub.last.drops();
  expect(client.link()).toMatchObject({ phase: 'reconnecting', away_since_ms: since_ms });
  timers.advance(1);
  hub.last.opens();
  expect(client.link().away_since_ms).toBe(since_ms);
  hub.last.greets();
  expect(client.link()).toMatchObject({ phase: 'live', away_since_ms: null });
});

test('a hub that is still away says so after its hello, and is believed', () => {
  const { hub, client } = aBoardInTheEvening([aFlight()]);
  hub.last.drops(4000, '{"retry_ms":0}');
  client.retryNow();
  hub.last.says({
    type: 'hello',
    epoch: 'e1',
    clock: { now: '2013-02-08T22:00:00Z', speed: 1 },
    ping_s: 25,
  });
  hub.last.says(away);
  expect(client.link().away_since_ms).toBe(Date.parse(away.since ?? ''));
});

test('every hello begins anew: what lasts is repeated after it, and what does not is over', () => {
  const { streams, client } = aStreamedBoard([aFlight()]);
  streams.last.says(away, BOARD);
  client.follow('board/JFK/arrivals');
  streams.last.greetsOn('board/JFK/arrivals');
  expect(client.link()).toMatchObject({ phase: 'live', via: 'stream' });
  expect(client.link().away_since_ms).toBeNull();
  streams.last.says(away, 'board/JFK/arrivals');
  expect(client.link().away_since_ms).not.toBeNull();
});

test('a hub that is away since no instant that can be read, or one to come, is away since now', () => {
  const timers = new FakeTimers();
  const clock = new OperationalClock(timers);
  clock.set({ now: '2013-02-08T21:10:00Z', speed: 1 });
  const now_ms = clock.now_ms();
  const since = (text: string | null) => awaySince({ current: false, since: text }, now_ms);
  expect(since(null)).toBe(now_ms);
  expect(since('half past nine')).toBe(now_ms);
  expect(since('2013-02-08T21:10:00.900Z')).toBe(now_ms);
  expect(since('2013-02-08T21:09:00Z')).toBe(now_ms - 60_000);
});
