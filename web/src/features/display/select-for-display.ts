import { sideTimes } from '@/lib/flight/flight-times';
import type { Direction } from '@/lib/store/topic-match';
import type { Flight, FlightStatus } from '@/wire/types';

const MINUTE_MS = 60_000;
/** After this time a departed flight is not useful in a hall; a landed one is, to people who wait for it. */
const DEPARTED_FOR_MS = 10 * MINUTE_MS;
const ARRIVED_FOR_MS = 45 * MINUTE_MS;
const CANCELLED_FOR_MS = 60 * MINUTE_MS;
const OPEN_FOR_MS = 360 * MINUTE_MS;
/** The period that a screen shows in advance. */
export const AHEAD_HOURS = 6;
const AHEAD_MS = AHEAD_HOURS * 60 * MINUTE_MS;
/**
 * The maximum share of rows for flights whose time has passed without a report. Usually there are few; after two
 * hours without the hub they would fill the screen and hide the next flights.
 */
const SILENT_PART = 1 / 3;

const LEFT: FlightStatus[] = ['departed', 'airborne', 'landed', 'arrived', 'bags_on_belt'];
const CAME: FlightStatus[] = ['landed', 'arrived', 'bags_on_belt'];
const OFF: FlightStatus[] = ['cancelled', 'diverted'];

type Candidate = { flight: Flight; scheduled_ms: number; at_ms: number };

/** Selects the flights nearest to now for a screen with `rows_max` rows, by scheduled time. */
export function selectForDisplay(
  flights: Flight[],
  direction: Direction,
  now_ms: number,
  rows_max: number,
): Flight[] {
  const inReach = flights.flatMap((flight): Candidate[] => {
    const { scheduled, latest } = sideTimes(flight, direction);
    const at_ms = flight.status === 'cancelled' ? scheduled : latest;
    if (at_ms === null) return [];
    const age_ms = now_ms - at_ms;
    if (age_ms <= -AHEAD_MS || age_ms >= keptFor_ms(flight.status, direction)) return [];
    return [{ flight, scheduled_ms: scheduled ?? at_ms, at_ms }];
  });
  inReach.sort((a, b) => a.at_ms - b.at_ms);
  const isSilent = ({ flight, at_ms }: Candidate) => at_ms <= now_ms && isOpen(flight.status, direction);
  const silent = inReach.filter(isSilent);
  const tooLongAgo = new Set(silent.slice(0, Math.max(0, silent.length - Math.ceil(rows_max * SILENT_PART))));
  return inReach
    .filter((one) => !tooLongAgo.has(one))
    .slice(0, rows_max)
    .sort((a, b) => a.scheduled_ms - b.scheduled_ms || a.flight.leg.localeCompare(b.flight.leg))
    .map(({ flight }) => flight);
}

/** Still to depart or to arrive, according to the reports. */
function isOpen(status: FlightStatus, direction: Direction): boolean {
  return !OFF.includes(status) && !(direction === 'departures' ? LEFT : CAME).includes(status);
}

function keptFor_ms(status: FlightStatus, direction: Direction): number {
  if (OFF.includes(status)) return CANCELLED_FOR_MS;
  if (isOpen(status, direction)) return OPEN_FOR_MS;
  return direction === 'departures' ? DEPARTED_FOR_MS : ARRIVED_FOR_MS;
}

/** Whether gates need their terminal: with several terminals, each may have a gate 3. */
export function hasSeveralTerminals(flights: Flight[], direction: Direction): boolean {
  const ends = flights.map((flight) => (direction === 'departures' ? flight.departure : flight.arrival));
  return new Set(ends.flatMap((end) => end.terminal ?? [])).size > 1;
}
