import { getJson } from '@/lib/api/get-json';
import { BuildWatch } from '@/lib/build/build-watch';
import { ownBuild, servedBuild } from '@/lib/build/served-build';
import { OperationalClock } from '@/lib/clock/operational-clock';
import { SleepWatch } from '@/lib/clock/sleep-watch';
import { SteadyTimers } from '@/lib/clock/timers';
import { Directory } from '@/lib/directory/directory';
import { onOffline, onWake } from '@/lib/services/on-wake';
import type { Services } from '@/lib/services/services';
import { fullJitter } from '@/lib/socket/backoff';
import { eventStreamTransport } from '@/lib/socket/event-stream-transport';
import { joinSharedStream } from '@/lib/socket/shared-stream';
import { SocketClient } from '@/lib/socket/socket-client';
import { webSocketTransport } from '@/lib/socket/web-socket-transport';
import { FlightStore } from '@/lib/store/flight-store';

const API = '/api/v1';

/** The one place where the page meets the browser's clock, chance, network and storage. */
export function createServices(): Services & { start: () => void } {
  const timers = new SteadyTimers();
  const clock = new OperationalClock(timers);
  const store = new FlightStore(timers, () => clock.speed());
  const directory = new Directory(getJson, timers, Math.random);
  const socket = new SocketClient({
    websocket: webSocketTransport(`${location.origin.replace(/^http/, 'ws')}/ws`),
    stream: eventStreamTransport(API, joinSharedStream(API, timers)),
    cache: store,
    timers,
    clock,
    random: Math.random,
    backoff: fullJitter,
  });
  const builds = new BuildWatch({
    own: ownBuild(),
    served: servedBuild,
    memory: tabMemory(),
    timers,
    random: Math.random,
    reload: () => location.reload(),
  });
  const start = () => {
    socket.start();
    builds.start();
    directory.refresh();
    const sleep = new SleepWatch(timers, socket);
    sleep.start();
    onWake(() => {
      sleep.look();
      socket.wake();
    });
    onOffline(() => socket.goOffline());
  };
  return { socket, store, clock, directory, builds, timers, getJson, start };
}

/** Some browsers refuse their storage to pages, by throwing. */
function tabMemory(): Storage | null {
  try {
    return sessionStorage;
  } catch {
    return null;
  }
}
