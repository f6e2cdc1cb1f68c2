import { sideTimes } from '@/lib/flight/flight-times';
import { isOverdue } from '@/lib/flight/overdue';
import { type StatusWords, statusWords } from '@/lib/flight/status-words';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight, FlightStatus } from '@/wire/types';

/** How old a board is, in real time and in the hub's. Both are 0 while the link is live. */
export type Staleness = { real_ms: number; operational_ms: number };

export const FRESH: Staleness = { real_ms: 0, operational_ms: 0 };

export type TrustedStatus = StatusWords & {
  /** Why this is not what the hub last said, or null when it is. */
  note: string | null;
  /** False when the estimate is too old to be shown beside the schedule. */
  showsEstimate: boolean;
};

/** From here on what was said last may have become false. */
const STALE_OPERATIONAL_MS = 120_000;
/** A replayed day runs fast, and a hub that restarts is away for seconds: those alone make nothing false. */
const STALE_REAL_MS = 20_000;
/** An estimate without confirmation for this long is worth less than the schedule. */
const ESTIMATE_AGE_MAX_MS = 30 * 60_000;

const TRUE_UNTIL_DEPARTURE: FlightStatus[] = [
  'scheduled',
  'check_in',
  'gate_open',
  'boarding',
  'final_call',
  'gate_closed',
  'delayed',
  'returned',
];
const TRUE_UNTIL_ARRIVAL: FlightStatus[] = [...TRUE_UNTIL_DEPARTURE, 'departed', 'airborne'];
const TRUE_FOR_A_WHILE: FlightStatus[] = ['landed', 'bags_on_belt'];

/** Whether the airport that it leaves from has no more to say of it. */
export const hasLeft = (flight: Flight): boolean =>
  flight.departure.actual !== null || !TRUE_UNTIL_DEPARTURE.includes(flight.status);

/**
 * What may still be said of a flight when the link is lost: a remark whose moment has passed is taken back to
 * the schedule. Gatwick, 2018: screens that cannot know any more must not go on saying "Boarding".
 */
export function trustedStatus(
  flight: Flight,
  direction: Direction,
  now_ms: number,
  age: Staleness,
  isLost = isOverdue(flight, direction, now_ms),
): TrustedStatus {
  const said = statusWords(flight, direction, isLost);
  if (!isStale(age)) return { ...said, note: null, showsEstimate: true };
  const { scheduled, latest } = sideTimes(flight, direction);
  const passing = direction === 'departures' ? TRUE_UNTIL_DEPARTURE : TRUE_UNTIL_ARRIVAL;
  const isPast = latest !== null && latest <= now_ms;
  if (isPast && passing.includes(flight.status)) {
    return {
      words: 'Not confirmed',
      tone: 'unsure',
      delay: null,
      note: wasSaid(flight, direction),
      showsEstimate: false,
    };
  }
  if (direction === 'arrivals' && isPast && TRUE_FOR_A_WHILE.includes(flight.status)) {
    return { words: 'Arrived', tone: 'done', delay: null, note: null, showsEstimate: true };
  }
  const tooOld = age.operational_ms > ESTIMATE_AGE_MAX_MS && passing.includes(flight.status);
  if (tooOld && latest !== scheduled) {
    return {
      words: 'Not confirmed',
      tone: 'unsure',
      delay: null,
      note: wasSaid(flight, direction),
      showsEstimate: false,
    };
  }
  return { ...said, note: null, showsEstimate: true };
}

/** What the hub said last, without what time alone has made of it. */
const wasSaid = (flight: Flight, direction: Direction): string =>
  `was ${statusWords(flight, direction).words}`;

export function isStale(age: Staleness): boolean {
  return age.operational_ms > STALE_OPERATIONAL_MS && age.real_ms > STALE_REAL_MS;
}
