import type { Flight } from '@/wire/types';

/** B6 615, with the operational suffix when there is one. */
export function flightName(flight: Flight): string {
  return `${flight.carrier} ${flight.number}${flight.suffix ?? ''}`;
}

/** EI5105 -> EI 5105. Airline codes have two characters, of which one may be a digit. */
export function codeshareName(code: string): string {
  return /^[A-Z0-9]{2}\d+[A-Z]?$/.test(code) ? `${code.slice(0, 2)} ${code.slice(2)}` : code;
}
