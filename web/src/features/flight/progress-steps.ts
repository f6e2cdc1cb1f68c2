import type { Flight, FlightStatus } from '@/wire/types';

export type Step = { name: string; state: 'done' | 'here' | 'ahead' | 'never' | 'unknown' };

const NAMES = [
  'Scheduled',
  'Check-in',
  'Boarding',
  'Gate closed',
  'Departed',
  'In the air',
  'Landed',
  'Arrived',
];

const POSITION: Record<FlightStatus, number> = {
  scheduled: 0,
  delayed: 0,
  check_in: 1,
  gate_open: 2,
  boarding: 2,
  final_call: 2,
  gate_closed: 3,
  departed: 4,
  returned: 3,
  airborne: 5,
  landed: 6,
  arrived: 7,
  bags_on_belt: 7,
  cancelled: 0,
  diverted: 5,
};

/**
 * How far along its life a flight is, for a line of steps. `hadCheckIn`: check-in was open once. When it closes
 * before the gate opens, the flight has no step of its own, and the line must not go back. While that is not known
 * (null), check-in is not called one that is to come.
 */
export function progressSteps(flight: Flight, hadCheckIn: boolean | null = false): Step[] {
  if (flight.status === 'cancelled') {
    return [{ name: 'Scheduled', state: 'done' }, { name: 'Cancelled', state: 'here' }, ...rest(1, 'never')];
  }
  if (flight.status === 'diverted') {
    const passed = NAMES.slice(0, 6).map((name): Step => ({ name, state: 'done' }));
    const to = flight.diverted_to === null ? 'Diverted' : `Diverted to ${flight.diverted_to}`;
    return [...passed, { name: to, state: 'here' }];
  }
  const isClosed = hadCheckIn === true && POSITION[flight.status] === 0;
  const at = isClosed ? POSITION.check_in : POSITION[flight.status];
  return NAMES.map((name, index) => ({
    name: index !== at ? name : isClosed ? 'Check-in closed' : nameHere(flight.status, name),
    state:
      index < at
        ? 'done'
        : index === at
          ? 'here'
          : index === POSITION.check_in && hadCheckIn === null
            ? 'unknown'
            : 'ahead',
  }));
}

function nameHere(status: FlightStatus, name: string): string {
  if (status === 'delayed') return 'Delayed';
  if (status === 'gate_open') return 'Gate open';
  if (status === 'final_call') return 'Final call';
  if (status === 'returned') return 'Returned to gate';
  if (status === 'bags_on_belt') return 'Bags on belt';
  return name;
}

const rest = (from: number, state: Step['state']): Step[] =>
  NAMES.slice(from)
    .filter((name) => name === 'Departed' || name === 'Arrived')
    .map((name) => ({ name, state }));
