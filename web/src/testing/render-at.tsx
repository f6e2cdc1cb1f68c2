import { App } from '@/app/app';
import { ApiProblem } from '@/lib/api/api-problem';
import type { GetJson } from '@/lib/api/get-json';
import { BuildWatch } from '@/lib/build/build-watch';
import { OperationalClock } from '@/lib/clock/operational-clock';
import { Directory } from '@/lib/directory/directory';
import { fullJitter } from '@/lib/socket/backoff';
import { SocketClient } from '@/lib/socket/socket-client';
import { FlightStore } from '@/lib/store/flight-store';
import { FakeTimers } from '@/testing/fake-timers';
import { FakeTransport } from '@/testing/fake-transport';
import type { AirlinesBody, AirportsBody } from '@/wire/types';
import { act, render } from '@testing-library/react';
import { MemoryRouter, useNavigate } from 'react-router';

const place = (iata: string, city: string, zone: string) => ({
  iata,
  name: `${city} Airport`,
  city,
  country: 'US',
  zone,
  flights: 3,
});
const AIRPORTS: AirportsBody = {
  airports: [
    place('JFK', 'New York', 'America/New_York'),
    place('FLL', 'Fort Lauderdale', 'America/New_York'),
    place('ORD', 'Chicago', 'America/Chicago'),
  ],
};
const AIRLINES: AirlinesBody = {
  airlines: [
    { code: 'B6', icao: 'JBU', name: 'JetBlue' },
    { code: 'DL', icao: 'DAL', name: 'Delta Air Lines' },
  ],
};

/**
 * The whole page at an address, on a hub and a clock that the test owns. `answers` are by path; one that is a
 * function is asked each time, and fails by throwing.
 */
export async function renderAt(address: string, answers: Record<string, unknown> = {}) {
  const known: Record<string, unknown> = { '/airports': AIRPORTS, '/airlines': AIRLINES, ...answers };
  const getJson: GetJson = async <Body,>(path: string) => {
    await Promise.resolve();
    if (!(path in known)) throw new ApiProblem(404, `nothing at ${path}`);
    const answer = known[path];
    return (typeof answer === 'function' ? (answer as () => unknown)() : answer) as Body;
  };
  const timers = new FakeTimers(Date.parse('2030-01-01T00:00:00Z'));
  const hub = new FakeTransport();
  const clock = new OperationalClock(timers);
  const store = new FlightStore(timers, () => clock.speed());
  const directory = new Directory(getJson, timers, () => 0.5);
  const socket = new SocketClient({
    websocket: hub.connect,
    stream: null,
    cache: store,
    timers,
    clock,
    random: () => 0.5,
    backoff: fullJitter,
  });
  const served = { build: 'a build' as string | null, reloads: 0 };
  const kept = new Map<string, string>();
  const builds = new BuildWatch({
    own: 'a build',
    served: () => Promise.resolve(served.build),
    memory: { getItem: (key) => kept.get(key) ?? null, setItem: (key, text) => void kept.set(key, text) },
    timers,
    random: () => 0.5,
    reload: () => (served.reloads += 1),
  });
  socket.start();
  builds.start();
  directory.refresh();
  let goTo: (to: string | -1) => unknown = () => {};
  function Navigator() {
    const navigate = useNavigate();
    goTo = (to) => (to === -1 ? navigate(-1) : navigate(to));
    return null;
  }
  const view = render(
    <MemoryRouter initialEntries={[address]}>
      <Navigator />
      <App services={{ socket, store, clock, directory, builds, timers, getJson }} />
    </MemoryRouter>,
  );
  await act(async () => Promise.resolve());
  /** What the hub does, and the moment it takes to be shown. */
  const next = (does: () => void, wait_ms = 150) =>
    act(async () => {
      does();
      timers.advance(wait_ms);
      await Promise.resolve();
    });
  return {
    ...view,
    hub,
    served,
    timers,
    store,
    next,
    goTo: (to: string) => void goTo(to),
    goBack: () => void goTo(-1),
  };
}
