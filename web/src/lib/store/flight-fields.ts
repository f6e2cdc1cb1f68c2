import type { Flight } from '@/wire/types';

const FIELDS = [
  'status',
  'delayed',
  'doubtful',
  'remark',
  'delay_reason',
  'diverted_to',
  'codeshares',
  'departure.terminal',
  'departure.gate',
  'departure.check_in',
  'departure.scheduled',
  'departure.estimated',
  'departure.actual',
  'arrival.terminal',
  'arrival.gate',
  'arrival.belt',
  'arrival.scheduled',
  'arrival.estimated',
  'arrival.forecast',
  'arrival.actual',
  'aircraft.type',
  'aircraft.registration',
] as const;

/** A field of a flight whose changes a traveller can see. */
export type FlightField = (typeof FIELDS)[number];

/** The value at a flat dotted path. */
export function valueAt(flight: Flight, path: string): unknown {
  let value: unknown = flight;
  for (const key of path.split('.')) {
    if (typeof value !== 'object' || value === null) return undefined;
    value = (value as Record<string, unknown>)[key];
  }
  return value;
}

/** The visible differences between two states of a flight. */
export function changedFields(before: Flight, after: Flight): FlightField[] {
  return FIELDS.filter((field) => {
    const was = valueAt(before, field) ?? null;
    const is = valueAt(after, field) ?? null;
    return was !== is && JSON.stringify(was) !== JSON.stringify(is);
  });
}

/** The flight after a change frame's `set`. Ignores unknown paths, which a newer hub may send. */
export function applySet(flight: Flight, set: Record<string, unknown>): Flight {
  const next: Record<string, unknown> = { ...flight };
  for (const [path, value] of Object.entries(set)) {
    const [outer = '', inner] = path.split('.');
    if (!Object.hasOwn(flight, outer)) continue;
    if (inner === undefined) {
      next[outer] = value;
      continue;
    }
    const part = next[outer];
    if (typeof part === 'object' && part !== null && Object.hasOwn(part, inner)) {
      next[outer] = { ...part, [inner]: value };
    }
  }
  return next as Flight;
}
