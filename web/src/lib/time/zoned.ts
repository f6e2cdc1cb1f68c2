/** Formatters cost far more than formatting; a board uses the same few thousands of times. */
const formatters = new Map<string, Intl.DateTimeFormat>();

function formatter(zone: string, key: string, options: Intl.DateTimeFormatOptions, locale = 'en-GB') {
  const id = `${locale}|${key}|${zone}`;
  let found = formatters.get(id);
  if (!found) {
    found = new Intl.DateTimeFormat(locale, { ...options, timeZone: knownZone(zone) });
    formatters.set(id, found);
  }
  return found;
}

/** A browser may be older than a zone; its times are then shown and labelled in UTC. */
function knownZone(zone: string): string {
  try {
    new Intl.DateTimeFormat('en-GB', { timeZone: zone });
    return zone;
  } catch {
    return 'UTC';
  }
}

/** 16:04 */
export function timeOfDay(at_ms: number, zone: string): string {
  return formatter(zone, 'time', { hour: '2-digit', minute: '2-digit', hourCycle: 'h23' }).format(at_ms);
}

/** 16:04:11 */
export function timeWithSeconds(at_ms: number, zone: string): string {
  const options = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const;
  return formatter(zone, 'seconds', options).format(at_ms);
}

/** Friday 8 February */
export function longDate(at_ms: number, zone: string): string {
  return formatter(zone, 'date', { weekday: 'long', day: 'numeric', month: 'long' })
    .format(at_ms)
    .replace(',', '');
}

/** Friday 8 February 2013 */
export function longDateWithYear(at_ms: number, zone: string): string {
  const options = { weekday: 'long', day: 'numeric', month: 'long', year: 'numeric' } as const;
  return formatter(zone, 'year', options).format(at_ms).replace(',', '');
}

/** Sat 9 Feb */
export function shortDate(at_ms: number, zone: string): string {
  return formatter(zone, 'short', { weekday: 'short', day: 'numeric', month: 'short' })
    .format(at_ms)
    .replace(',', '');
}

/** 2013-02-08, the calendar day there. */
export function dayKey(at_ms: number, zone: string): string {
  return formatter(zone, 'day', { year: 'numeric', month: '2-digit', day: '2-digit' }, 'en-CA').format(at_ms);
}

/** Zones have their short names only in the English of those who live there. */
const LOCALES = ['en-US', 'en-GB', 'en-AU', 'en-CA', 'en-IN', 'en-ZA', 'en-NZ'];

/** EST, CET, AEDT; GMT+3 where there is no such name. */
export function zoneAbbreviation(at_ms: number, zone: string): string {
  const names = LOCALES.map((locale) => {
    const parts = formatter(zone, 'zone', { timeZoneName: 'short' }, locale).formatToParts(at_ms);
    return parts.find((part) => part.type === 'timeZoneName')?.value ?? 'UTC';
  });
  return names.find((name) => !/^(GMT|UTC)[+-]/.test(name)) ?? names[0] ?? 'UTC';
}

/** A day begins at one of these somewhere in the world: in Nepal, at a quarter past the hour by UTC. */
export const DAY_STEP_MS = 15 * 60_000;

/** The day's name when an instant is not on the board's day, else null. */
export function otherDay(at_ms: number, board_ms: number, zone: string): string | null {
  return dayKey(at_ms, zone) === dayKey(board_ms, zone) ? null : shortDate(at_ms, zone);
}

/** 16:04 EST; Thu 7 Feb 16:04 EST where that is on another day than `now_ms`. */
export function timeWithZone(at_ms: number, now_ms: number, zone: string): string {
  const day = otherDay(at_ms, now_ms, zone);
  const time = `${timeOfDay(at_ms, zone)} ${zoneAbbreviation(at_ms, zone)}`;
  return day === null ? time : `${day} ${time}`;
}
