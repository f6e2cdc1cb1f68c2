import type { Entry } from '@/features/flight/history-entries';
import { codeshareName } from '@/lib/flight/flight-name';
import { timeWithZone } from '@/lib/time/zoned';
import type { FlightStatus } from '@/wire/types';

/** The zones of the flight's two ends, and the current time: days other than today are named. */
export type Telling = { departure: string; arrival: string; now_ms: number };

const NAMES: Record<string, string> = {
  status: 'Status',
  delayed: 'Late',
  doubtful: 'Time unconfirmed',
  remark: 'Remark',
  delay_reason: 'Reason',
  diverted_to: 'Diverted to',
  codeshares: 'Also sold as',
  // These change only by a correction.
  carrier: 'Airline',
  number: 'Flight number',
  suffix: 'Suffix',
  origin_date: 'Date',
  'departure.airport': 'From',
  'arrival.airport': 'To',
  'departure.terminal': 'Departure terminal',
  'departure.gate': 'Departure gate',
  'departure.check_in': 'Check-in',
  'departure.scheduled': 'Scheduled departure',
  'departure.estimated': 'Expected departure',
  'departure.actual': 'Left the gate',
  'arrival.terminal': 'Arrival terminal',
  'arrival.gate': 'Arrival gate',
  'arrival.belt': 'Baggage belt',
  'arrival.scheduled': 'Scheduled arrival',
  'arrival.estimated': 'Expected arrival',
  'arrival.forecast': 'Arrival worked out from the delay',
  'arrival.actual': 'At the gate',
  'aircraft.type': 'Aircraft',
  'aircraft.registration': 'Registration',
};

const STATUS: Record<FlightStatus, string> = {
  scheduled: 'scheduled',
  check_in: 'check-in open',
  gate_open: 'gate open',
  boarding: 'boarding',
  final_call: 'final call',
  gate_closed: 'gate closed',
  delayed: 'delayed',
  departed: 'left the gate',
  airborne: 'in the air',
  landed: 'landed',
  arrived: 'at the gate',
  bags_on_belt: 'bags on the belt',
  cancelled: 'cancelled',
  diverted: 'diverted',
  returned: 'returned to the gate',
};

const TIME = /\.(scheduled|estimated|forecast|actual)$/;

export type Line = { path: string; name: string; before: string | null; after: string };
export type ToldEntry = { entry: Entry; lines: Line[] };

/** The history as text, newest first; each value with the one that it replaced, if known. */
export function tellHistory(entries: Entry[], telling: Telling): ToldEntry[] {
  const known = new Map<string, unknown>();
  const told = entries.map((entry) => {
    const lines = Object.entries(entry.set).flatMap(([path, value]): Line[] => {
      const name = NAMES[path];
      const had = known.has(path);
      const before = known.get(path);
      known.set(path, value);
      if (name === undefined) return [];
      // An empty value is worth an entry only if there was a value before.
      if (isNothing(value) && (entry.rev === 1 || (had && isNothing(before)))) return [];
      const was = isNothing(before) ? null : inWords(path, before, telling);
      const is = inWords(path, value, telling);
      // Seconds, for example, are not visible to a reader. Another day is, because the text contains the day.
      return was === is ? [] : [{ path, name, before: was, after: is }];
    });
    return { entry, lines };
  });
  return told.filter((one) => one.lines.length > 0).reverse();
}

function inWords(path: string, value: unknown, telling: Telling): string {
  if (isNothing(value)) return NOTHING[path] ?? 'taken back';
  if (path === 'delayed') return 'yes';
  if (path === 'doubtful' && Array.isArray(value)) {
    return value.map((one) => (NAMES[String(one)] ?? String(one)).toLowerCase()).join(', ');
  }
  if (Array.isArray(value)) return value.map((one) => codeshareName(String(one))).join(', ');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (TIME.test(path)) {
    const at_ms = Date.parse(text);
    const zone = path.startsWith('departure') ? telling.departure : telling.arrival;
    return Number.isFinite(at_ms) ? timeWithZone(at_ms, telling.now_ms, zone) : text;
  }
  if (path === 'status') return (STATUS as Record<string, string>)[text] ?? text.replaceAll('_', ' ');
  return path === 'delay_reason' ? text.replaceAll('_', ' ') : text;
}

/** The text for a removed value, where "taken back" would mean something else. */
const NOTHING: Record<string, string> = {
  codeshares: 'no other number',
  delayed: 'no longer',
  doubtful: 'none',
};

const isNothing = (value: unknown): boolean =>
  value === null || value === undefined || value === false || (Array.isArray(value) && value.length === 0);

/** A feed often has its airport's code as its name, which is written in capitals. */
export const sourceInWords = (source: string): string =>
  /^[a-z]{3}$/.test(source) ? source.toUpperCase() : source;
