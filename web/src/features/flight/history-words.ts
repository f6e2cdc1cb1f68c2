import type { Entry } from '@/features/flight/history-entries';
import { timeOfDay } from '@/lib/time/zoned';

/** The zones in which the two ends of the flight are told. */
export type Zones = { departure: string; arrival: string };

const NAMES: Record<string, string> = {
  status: 'Status',
  remark: 'Remark',
  delay_reason: 'Reason',
  diverted_to: 'Diverted to',
  codeshares: 'Also sold as',
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
  'arrival.actual': 'At the gate',
  'aircraft.type': 'Aircraft',
  'aircraft.registration': 'Registration',
};

const TIME = /\.(scheduled|estimated|actual)$/;

export type Line = { path: string; name: string; before: string | null; after: string };
export type ToldEntry = { entry: Entry; lines: Line[] };

/** The history in words, the newest first; each value beside the one it replaced, where that is known. */
export function tellHistory(entries: Entry[], zones: Zones): ToldEntry[] {
  const known = new Map<string, unknown>();
  const told = entries.map((entry) => {
    const lines = Object.entries(entry.set).flatMap(([path, value]): Line[] => {
      const name = NAMES[path];
      const before = known.get(path);
      known.set(path, value);
      if (name === undefined) return [];
      const was = before === undefined || before === null ? null : inWords(path, before, zones);
      const is = inWords(path, value, zones);
      // Seconds and the like: nothing that a reader would see.
      return was === is ? [] : [{ path, name, before: was, after: is }];
    });
    return { entry, lines };
  });
  return told.filter((one) => one.lines.length > 0).reverse();
}

function inWords(path: string, value: unknown, zones: Zones): string {
  if (value === null || value === undefined) return 'taken back';
  if (Array.isArray(value)) return value.length === 0 ? 'none' : value.join(', ');
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  if (TIME.test(path)) {
    const at_ms = Date.parse(text);
    const zone = path.startsWith('departure') ? zones.departure : zones.arrival;
    return Number.isFinite(at_ms) ? timeOfDay(at_ms, zone) : text;
  }
  if (path === 'status' || path === 'delay_reason') return text.replaceAll('_', ' ');
  return text;
}
