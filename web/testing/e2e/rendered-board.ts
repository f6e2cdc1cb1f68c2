import type { Direction } from '@/lib/store/topic-match';
import type { Flight } from '@/wire/types';
import type { Page } from 'playwright-core';

/** One row of a board as Chromium shows it. Instants are those of its `time` elements. */
export type RenderedRow = {
  leg: string;
  flight: string;
  scheduled: string | null;
  newer: string | null;
  gate: string;
  words: string;
  detail: string;
};

export function readRows(page: Page): Promise<RenderedRow[]> {
  return page.locator('[data-leg]').evaluateAll((rows) =>
    rows.map((row) => {
      const cells = [...row.querySelectorAll('[role="cell"]')];
      const instant = (cell: Element | undefined) =>
        cell?.querySelector('time')?.getAttribute('datetime') ?? null;
      // What is only there for screen readers, such as "(changed)", is no part of a value.
      const text = (cell: Element | null | undefined) => {
        const copy = cell?.cloneNode(true) as Element | undefined;
        for (const aside of copy?.querySelectorAll('.sr-only') ?? []) aside.remove();
        return copy?.textContent.trim() ?? '';
      };
      const status = cells.at(-1);
      const badge = status?.querySelector('[data-tone]');
      return {
        leg: row.getAttribute('data-leg') ?? '',
        flight: text(row.querySelector('a')),
        scheduled: instant(cells[0]),
        newer: instant(cells[1]),
        gate: text(row.querySelector('[data-label="Gate"]')),
        words: text(badge),
        detail: text(status).replace(text(badge), ''),
      };
    }),
  );
}

const MINUTE_MS = 60_000;
const LATE_MS = 15 * MINUTE_MS;
/** The page looks at the time once a minute, and the day runs on while the rows are read. */
const SLACK_MS = 10 * MINUTE_MS;

const LEFT = ['departed', 'airborne', 'landed', 'arrived', 'bags_on_belt', 'diverted'];
const OPEN = /^(On time|New time|Early|Delayed.*|Time unconfirmed|Scheduled.*)$/;

/** What may be said of a status, by the side of the board. Worked out apart from the page's own words. */
const DEPARTURES: Record<string, RegExp> = {
  scheduled: OPEN,
  delayed: /^(Delayed.*|Time unconfirmed)$/,
  check_in: /^Check-in open$/,
  gate_open: /^Go to gate$/,
  boarding: /^Boarding$/,
  final_call: /^Final call$/,
  gate_closed: /^Gate closed$/,
  departed: /^Departed$/,
  airborne: /^Departed$/,
  landed: /^Departed$/,
  arrived: /^Departed$/,
  bags_on_belt: /^Departed$/,
  cancelled: /^Cancelled$/,
  diverted: /^Diverted/,
  returned: /^Returned to gate$/,
};
const ARRIVALS: Record<string, RegExp> = {
  ...DEPARTURES,
  check_in: OPEN,
  gate_open: OPEN,
  boarding: OPEN,
  final_call: OPEN,
  gate_closed: OPEN,
  departed: /^On its way$/,
  airborne: /^In the air$/,
  landed: /^Landed$/,
  arrived: /^Arrived$/,
  bags_on_belt: /^Bags on belt$/,
  returned: /^Returned to origin$/,
};

/** How a row differs from the flight in the API, which stood at `now_ms`. Empty where it does not. */
export function differences(
  row: RenderedRow,
  flight: Flight,
  direction: Direction,
  now_ms: number,
): string[] {
  const side = direction === 'departures' ? flight.departure : flight.arrival;
  const wrong: string[] = [];
  const compare = (what: string, is: unknown, should: unknown) => {
    if (is !== should) wrong.push(`${what} is ${String(is)} and should be ${String(should)}`);
  };
  compare('flight', row.flight, `${flight.carrier} ${flight.number}${flight.suffix ?? ''}`);
  compare('scheduled', ms(row.scheduled), ms(side.scheduled));
  compare('gate', row.gate, side.gate ?? '–');
  const force_ms = inForce(flight, direction);
  const isSame = force_ms === null || minute(force_ms) === minute(ms(side.scheduled));
  compare('new time', ms(row.newer), isSame || flight.status === 'cancelled' ? null : force_ms);
  const words = (direction === 'departures' ? DEPARTURES : ARRIVALS)[flight.status];
  if (!words?.test(row.words)) wrong.push(`"${row.words}" is said of ${flight.status}`);
  const isSaidLate = /Delayed|was /.test(`${row.words} ${row.detail}`);
  if (flight.delayed && !LEFT.includes(flight.status) && !isSaidLate) wrong.push('its delay is not said');
  const why = ['On time', 'Early'].includes(row.words) ? cannotBeOnTime(flight, direction, now_ms) : null;
  if (why !== null) wrong.push(`"${row.words}" cannot be: ${why}`);
  return wrong;
}

/** Why this flight cannot be on time on this side, as far as the API tells, or null. */
function cannotBeOnTime(flight: Flight, direction: Direction, now_ms: number): string | null {
  const [std, sta] = [ms(flight.departure.scheduled), ms(flight.arrival.scheduled)];
  const scheduled = direction === 'departures' ? std : sta;
  if (flight.delayed) return 'it is delayed';
  if (flight.doubtful.length > 0) return `${flight.doubtful.join(', ')} is doubtful`;
  if (scheduled === null) return 'it has no schedule';
  const best = inForce(flight, direction) ?? scheduled;
  if (best - scheduled >= LATE_MS) return 'its time in force is late';
  if (now_ms - best >= LATE_MS + SLACK_MS) return 'its time has passed';
  if (direction === 'departures' || std === null || sta === null || sta <= std) return null;
  const departs = inForce(flight, 'departures') ?? std;
  if (departs - std >= LATE_MS && inForce(flight, 'arrivals') === null) return 'it leaves late';
  const hasLeft = LEFT.includes(flight.status);
  // No aircraft makes it in less than three fifths of the planned time.
  const soonest = Math.max(departs, hasLeft ? departs : now_ms) + (sta - std) * 0.6;
  return soonest - sta >= LATE_MS + SLACK_MS ? 'it cannot be there in time' : null;
}

function inForce(flight: Flight, direction: Direction): number | null {
  const side = direction === 'departures' ? flight.departure : flight.arrival;
  const name = direction === 'departures' ? 'departure' : 'arrival';
  const trusted = (part: 'actual' | 'estimated') =>
    flight.doubtful.includes(`${name}.${part}`) ? null : ms(side[part]);
  const forecast = direction === 'arrivals' ? ms(flight.arrival.forecast) : null;
  return trusted('actual') ?? trusted('estimated') ?? forecast;
}

const ms = (text: string | null): number | null => (text === null ? null : Date.parse(text));
const minute = (at_ms: number | null): number | null =>
  at_ms === null ? null : Math.floor(at_ms / MINUTE_MS);
