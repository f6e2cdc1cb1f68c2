import { OperationalClock } from '@/lib/clock/operational-clock';
import { fullJitter } from '@/lib/socket/backoff';
import { SocketClient } from '@/lib/socket/socket-client';
import { FlightStore } from '@/lib/store/flight-store';
import { FakeTimers } from '@/testing/fake-timers';
import { FakeTransport } from '@/testing/fake-transport';

export const BOARD = 'board/JFK/departures';

type Setting = { random?: () => number; hasStream?: boolean };

/** A socket client with its store, on a hub, a clock and a chance that the test owns. */
export function aClient({ random = () => 0.5, hasStream = false }: Setting = {}) {
  const timers = new FakeTimers();
  const hub = new FakeTransport();
  const streams = new FakeTransport(true);
  const store = new FlightStore(timers);
  const clock = new OperationalClock(timers);
  const client = new SocketClient({
    websocket: hub.connect,
    stream: hasStream ? streams.connect : null,
    cache: store,
    timers,
    clock,
    random,
    backoff: fullJitter,
  });
  return { timers, hub, streams, store, clock, client };
}

/** The same, following a board that the hub has sent as a whole. */
export function aLiveBoard(flights: Parameters<FlightStore['state']>[0][], options: Setting = {}) {
  const parts = aClient(options);
  parts.client.start();
  const unfollow = parts.client.follow(BOARD);
  parts.hub.last.greets();
  parts.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights });
  return { ...parts, unfollow };
}

/** A client that has found no way but the event stream, following a board over it. */
export function aStreamedBoard(flights: Parameters<FlightStore['state']>[0][]) {
  const parts = aClient({ hasStream: true });
  parts.client.start();
  const unfollow = parts.client.follow(BOARD);
  for (let times = 0; times < 3; times += 1) {
    parts.hub.last.drops();
    parts.timers.advance(1_000);
  }
  parts.streams.last.opens();
  parts.streams.last.greetsOn(BOARD);
  parts.streams.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights }, BOARD);
  return { ...parts, unfollow };
}
