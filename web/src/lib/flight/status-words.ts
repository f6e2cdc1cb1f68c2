import { sideTimes } from '@/lib/flight/flight-times';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight, FlightStatus } from '@/wire/types';

/** How a status is to be felt: drawn as a colour and an icon, always beside its words. */
export type Tone = 'calm' | 'go' | 'hurry' | 'shut' | 'late' | 'stop' | 'done' | 'unsure';

export type StatusWords = { words: string; tone: Tone };

const MINUTE_MS = 60_000;

const DEPARTURE: Record<FlightStatus, StatusWords> = {
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

const ARRIVAL: Record<FlightStatus, StatusWords> = {
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

/** The status of a flight in the words of a board. */
export function statusWords(flight: Flight, direction: Direction): StatusWords {
  const base = (direction === 'departures' ? DEPARTURE : ARRIVAL)[flight.status];
  // A newer hub may know a status this page does not: say it as it is rather than nothing.
  if (!(base as StatusWords | undefined)) return { words: flight.status.replaceAll('_', ' '), tone: 'calm' };
  const { scheduled, revised, latest } = sideTimes(flight, direction);
  // Without a schedule there is nothing to be on time with.
  if (base.words === 'On time' && scheduled === null) {
    return { words: latest === null ? 'Scheduled, time not known' : 'Scheduled', tone: 'calm' };
  }
  const late_min = revised !== null && scheduled !== null ? Math.round((revised - scheduled) / MINUTE_MS) : 0;
  if (flight.status === 'delayed' || (base.words === 'On time' && late_min >= 15)) {
    return { words: late_min > 0 ? `Delayed ${lateness(late_min)}` : 'Delayed', tone: 'late' };
  }
  if (base.words === 'On time' && late_min >= 5) return { words: 'New time', tone: 'late' };
  if (base.words === 'On time' && late_min <= -5) return { words: 'Early', tone: 'calm' };
  if (flight.status === 'diverted' && flight.diverted_to !== null) {
    return { words: `Diverted to ${flight.diverted_to}`, tone: 'stop' };
  }
  return base;
}

function lateness(minutes: number): string {
  if (minutes < 60) return `${minutes} min`;
  const rest = minutes % 60;
  const hours = `${Math.floor(minutes / 60)} h`;
  return rest === 0 ? hours : `${hours} ${String(rest).padStart(2, '0')}`;
}
