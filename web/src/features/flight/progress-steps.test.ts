import { hadCheckIn } from '@/features/flight/history-entries';
import { progressSteps } from '@/features/flight/progress-steps';
import { aFlight } from '@/testing/a-flight';
import type { FlightStatus } from '@/wire/types';
import { expect, test } from 'vitest';

const here = (status: FlightStatus, hadCheckIn: boolean, delayed = false) => {
  const steps = progressSteps(aFlight({ status, delayed }), hadCheckIn);
  const at = steps.findIndex((step) => step.state === 'here');
  return [at, steps[at]?.name];
};

test('the line never goes back while the flight goes on, however late it is', () => {
  const way: FlightStatus[] = [
    'delayed',
    'check_in',
    'delayed',
    'gate_open',
    'boarding',
    'gate_closed',
    'departed',
  ];
  const places = way.map((status, index) => here(status, index > 0, true)[0]);
  expect(places).toEqual([...places].sort());
});

test('check-in that has closed is passed, and told', () => {
  expect(here('scheduled', false)).toEqual([0, 'Scheduled']);
  expect(here('scheduled', true)).toEqual([1, 'Check-in closed']);
  expect(here('delayed', true, true)).toEqual([1, 'Check-in closed']);
});

test('check-in is not to come where only later changes are known', () => {
  const later = { rev: 151, at: '2013-02-08T18:00:00Z', kinds: [], set: {}, source: null };
  expect(hadCheckIn([])).toBeNull();
  expect(hadCheckIn([later])).toBeNull();
  expect(hadCheckIn([{ ...later, rev: 1 }, later])).toBe(false);
  expect(hadCheckIn([{ ...later, set: { status: 'check_in' } }])).toBe(true);
  const states = progressSteps(aFlight({ status: 'delayed' }), null).map((step) => step.state);
  expect(states.slice(0, 3)).toEqual(['here', 'unknown', 'ahead']);
});
