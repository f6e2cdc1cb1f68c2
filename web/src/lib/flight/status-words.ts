import { sideTimes } from '@/lib/flight/flight-times';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight, FlightStatus } from '@/wire/types';

/** The tone of a status, shown as a colour and an icon beside its text. */
export type Tone = 'calm' | 'go' | 'hurry' | 'shut' | 'late' | 'stop' | 'done' | 'unsure';

export type StatusWords = {
  words: string;
  tone: Tone;
  /** The delay of a flight whose text names its step, or null. */
  delay: string | null;
};

type Words = Omit<StatusWords, 'delay'>;

const MINUTE_MS = 60_000;

const DEPARTURE: Record<FlightStatus, Words> = {
  scheduled: { words: 'On time', tone: 'calm' },
  check_in: { words: 'Check-in open', tone: 'calm' },
  gate_open: { words: 'Go to gate', tone: 'go' },
  boarding: { words: 'Boarding', tone: 'go' },
  final_call: { words: 'Final call', tone: 'hurry' },
  gate_closed: { words: 'Gate closed', tone: 'shut' },
  delayed: { words: 'Delayed', tone: 'late' },
  departed: { words: 'Departed', tone: 'done' },
  airborne: { words: 'Departed', tone: 'done' },
  landed: { words: 'Departed', tone: 'done' },
  arrived: { words: 'Departed', tone: 'done' },
  bags_on_belt: { words: 'Departed', tone: 'done' },
  cancelled: { words: 'Cancelled', tone: 'stop' },
  diverted: { words: 'Diverted', tone: 'stop' },
  returned: { words: 'Returned to gate', tone: 'late' },
};

const ARRIVAL: Record<FlightStatus, Words> = {
  ...DEPARTURE,
  scheduled: { words: 'On time', tone: 'calm' },
  check_in: { words: 'On time', tone: 'calm' },
  gate_open: { words: 'On time', tone: 'calm' },
  boarding: { words: 'On time', tone: 'calm' },
  final_call: { words: 'On time', tone: 'calm' },
  gate_closed: { words: 'On time', tone: 'calm' },
  departed: { words: 'On its way', tone: 'calm' },
  airborne: { words: 'In the air', tone: 'calm' },
  landed: { words: 'Landed', tone: 'go' },
  arrived: { words: 'Arrived', tone: 'done' },
  bags_on_belt: { words: 'Bags on belt', tone: 'go' },
  returned: { words: 'Returned to origin', tone: 'late' },
};

/** The steps with which a delay is useful: those before departure or arrival. */
const DELAY_MATTERS: Record<Direction, FlightStatus[]> = {
  departures: ['check_in', 'gate_open', 'boarding', 'final_call', 'gate_closed', 'returned'],
  arrivals: ['departed', 'airborne', 'returned'],
};

/**
 * The status of a flight in the words of a board: the step that it has reached, and beside it the delay.
 * `isLost` is for a flight whose time has passed without a newer one.
 */
export function statusWords(flight: Flight, direction: Direction, isLost = false): StatusWords {
  const base = (direction === 'departures' ? DEPARTURE : ARRIVAL)[flight.status];
  // A newer hub may know a status this page does not: say it as it is rather than nothing.
  if (!(base as Words | undefined)) {
    return { words: flight.status.replaceAll('_', ' '), tone: 'calm', delay: null };
  }
  const delay = delayInWords(flight, direction, isLost);
  const isOpen = base.words === 'On time' || flight.status === 'delayed';
  // Without a step to show, the text is the delay.
  if (isOpen && delay !== null) return { words: delay, tone: 'late', delay: null };
  if (isOpen && flight.doubtful.length > 0) return { words: 'Time unconfirmed', tone: 'unsure', delay: null };
  if (base.words === 'On time') return withoutDelay(flight, direction);
  if (flight.status === 'diverted' && flight.diverted_to !== null) {
    return { words: `Diverted to ${flight.diverted_to}`, tone: 'stop', delay: null };
  }
  return { ...base, delay: DELAY_MATTERS[direction].includes(flight.status) ? delay : null };
}

function withoutDelay(flight: Flight, direction: Direction): StatusWords {
  const { scheduled, latest } = sideTimes(flight, direction);
  // Without a schedule there is nothing to be on time with.
  if (scheduled === null) {
    const words = latest === null ? 'Scheduled, time not known' : 'Scheduled';
    return { words, tone: 'calm', delay: null };
  }
  const late_min = lateMinutes(flight, direction);
  if (late_min >= 5) return { words: 'New time', tone: 'late', delay: null };
  return { words: late_min <= -5 ? 'Early' : 'On time', tone: 'calm', delay: null };
}

/** What is to be said of a delay on this side, or null where there is none. */
function delayInWords(flight: Flight, direction: Direction, isLost: boolean): string | null {
  if (isLost) return 'Delayed, no new time';
  const late_min = lateMinutes(flight, direction);
  const { estimated, actual, forecast } = sideTimes(flight, direction);
  const isForecast = actual === null && estimated === null && forecast !== null;
  if (late_min >= 15 || (late_min > 0 && flight.status === 'delayed' && flight.delayed)) {
    return `Delayed ${isForecast ? 'about ' : ''}${lateness(late_min)}`;
  }
  // A flight that is late at its origin is not on time at its destination, whatever is said there.
  return flight.delayed ? 'Delayed' : null;
}

function lateMinutes(flight: Flight, direction: Direction): number {
  const { scheduled, revised } = sideTimes(flight, direction);
  return revised !== null && scheduled !== null ? Math.round((revised - scheduled) / MINUTE_MS) : 0;
}

function lateness(minutes: number): string {
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  const hours = `${Math.floor(minutes / 60)} h`;
  return rest === 0 ? hours : `${hours} ${String(rest).padStart(2, '0')}`;
}
