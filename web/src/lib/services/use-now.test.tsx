import { OperationalClock } from '@/lib/clock/operational-clock';
import { Directory } from '@/lib/directory/directory';
import { type Services, ServicesContext } from '@/lib/services/services';
import { useNow } from '@/lib/services/use-now';
import { aClient } from '@/testing/a-client';
import { SAME_BUILD } from '@/testing/same-build';
import { FakeTimers } from '@/testing/fake-timers';
import { act, render, screen } from '@testing-library/react';
import type { ReactNode } from 'react';
import { expect, test, vi } from 'vitest';

/** Time that is never the same twice, as that of a machine is over the length of a drawing. */
class RunningTimers extends FakeTimers {
  override now(): number {
    this.advance(1);
    return super.now();
  }
}

function aClock(timers: FakeTimers) {
  const clock = new OperationalClock(timers);
  const { client, store } = aClient();
  const getJson = () => Promise.reject(new Error('nothing is fetched here'));
  const directory = new Directory(getJson, timers, () => 0.5);
  const services: Services = { socket: client, store, clock, directory, builds: SAME_BUILD, timers, getJson };
  const drawn = vi.fn();
  function Shown() {
    const now_ms = useNow(1_000);
    drawn();
    return <time>{new Date(now_ms).toISOString()}</time>;
  }
  const inServices = (child: ReactNode) => <ServicesContext value={services}>{child}</ServicesContext>;
  return { clock, drawn, show: () => render(inServices(<Shown />)) };
}

test('a replay that takes many steps in one drawing is drawn all the same, twice a second at most', () => {
  const timers = new RunningTimers();
  const { clock, drawn, show } = aClock(timers);
  clock.set({ now: '2013-02-08T20:00:00Z', speed: 3_600 });
  show();
  drawn.mockClear();
  act(() => timers.advance(5_000));
  expect(drawn.mock.calls.length).toBeGreaterThan(0);
  expect(drawn.mock.calls.length).toBeLessThanOrEqual(10);
});

test('a clock is drawn once a step, and at once when the hub sets it', () => {
  const timers = new FakeTimers(Date.parse('2030-01-01T00:00:00Z'));
  const { clock, drawn, show } = aClock(timers);
  show();
  act(() => clock.set({ now: '2013-02-08T20:00:00Z', speed: 1 }));
  expect(screen.getByText('2013-02-08T20:00:00.000Z')).toBeVisible();
  drawn.mockClear();
  for (let looks = 0; looks < 20; looks += 1) act(() => timers.advance(500));
  expect(screen.getByText('2013-02-08T20:00:10.000Z')).toBeVisible();
  expect(drawn).toHaveBeenCalledTimes(10);
});
