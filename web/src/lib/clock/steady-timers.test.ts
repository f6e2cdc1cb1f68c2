import { OperationalClock } from '@/lib/clock/operational-clock';
import { SleepWatch } from '@/lib/clock/sleep-watch';
import { SteadyTimers } from '@/lib/clock/timers';
import { FakeTimers } from '@/testing/fake-timers';
import { expect, test, vi } from 'vitest';

const HOUR_MS = 3_600_000;
const WALL_MS = Date.parse('2030-01-01T12:00:00Z');

/** A device whose two clocks the test sets, and what the page makes of them. */
function aDevice() {
  const clocks = { steady_ms: 500, wall_ms: WALL_MS };
  const timers = new SteadyTimers({ steady: () => clocks.steady_ms, wall: () => clocks.wall_ms });
  const waiting = new FakeTimers();
  vi.spyOn(timers, 'after').mockImplementation((delay_ms, run) => waiting.after(delay_ms, run));
  const hub = { resyncs: 0, greeted: 0 };
  const link = { resync: () => (hub.resyncs += 1), greetings: () => hub.greeted };
  const watch = new SleepWatch(timers, link);
  watch.start();
  const pass = (ms: number) => {
    for (let left_ms = ms; left_ms > 0; left_ms -= 1_000) {
      clocks.steady_ms += Math.min(1_000, left_ms);
      clocks.wall_ms += Math.min(1_000, left_ms);
      waiting.advance(Math.min(1_000, left_ms));
    }
  };
  return { clocks, timers, hub, pass };
}

test('time begins at what the device says and goes on whatever its clock is set to', () => {
  const { clocks, timers, hub, pass } = aDevice();
  expect(timers.now()).toBe(WALL_MS);
  pass(60_000);
  clocks.wall_ms -= HOUR_MS;
  pass(60_000);
  expect(timers.now()).toBe(WALL_MS + 120_000);
  expect(hub.resyncs).toBe(0);
});

test('after a clock that was set forward the hub is asked at once, and when it answers nothing has changed', () => {
  const { clocks, timers, hub, pass } = aDevice();
  clocks.wall_ms += HOUR_MS;
  pass(1_000);
  expect(hub.resyncs).toBe(1);
  hub.greeted += 1;
  pass(10_000);
  expect(timers.now()).toBe(WALL_MS + 11_000);
  expect(hub.resyncs).toBe(1);
});

test('a sleep that the steady clock has not seen counts when the hub does not answer', () => {
  const { clocks, timers, hub, pass } = aDevice();
  clocks.wall_ms += 3 * HOUR_MS;
  pass(4_000);
  expect(timers.now()).toBe(WALL_MS + 3 * HOUR_MS + 4_000);
  pass(10_000);
  expect(hub.resyncs).toBe(1);
  clocks.wall_ms += HOUR_MS;
  pass(1_000);
  expect(hub.resyncs).toBe(2);
});

test('a ping sets the clock; one that was late on its way does not set it back, two that agree do', () => {
  const timers = new FakeTimers();
  const clock = new OperationalClock(timers);
  const ping = (now: string) => clock.correct({ now, speed: 1 });
  clock.set({ now: '2013-02-08T20:00:00Z', speed: 1 });
  timers.advance(25_000);
  ping('2013-02-08T20:00:26Z');
  expect(clock.now_ms()).toBe(Date.parse('2013-02-08T20:00:26Z'));
  timers.advance(25_000);
  ping('2013-02-08T20:00:31Z');
  expect(clock.now_ms()).toBe(Date.parse('2013-02-08T20:00:51Z'));
  timers.advance(25_000);
  ping('2013-02-08T20:01:15Z');
  expect(clock.now_ms(), 'a second late is nothing').toBe(Date.parse('2013-02-08T20:01:16Z'));
  for (const now of ['2013-02-08T19:01:41Z', '2013-02-08T19:02:06Z']) {
    timers.advance(25_000);
    ping(now);
  }
  expect(clock.now_ms(), 'the hub’s clock was set back').toBe(Date.parse('2013-02-08T19:02:06Z'));
});
