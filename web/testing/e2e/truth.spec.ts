import type { Direction } from '@/lib/store/topic-match';
import type { BoardBody } from '@/wire/types';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../browser.mjs';
import { differences, readRows } from './rendered-board';
import { ReplayedDay } from './replayed-day';

/**
 * The boards that Chromium shows against the API, row by row, while the day of the blizzard is replayed at 600
 * times its speed. In the suite some hours of its afternoon; `npm run truth` takes the whole day.
 */
const IS_WHOLE = process.env['WHOLE_DAY'] === '1';
const SPEED = 600;
const FROM = IS_WHOLE ? '2013-02-08T15:00:00Z' : '2013-02-08T19:30:00Z';
const UNTIL = IS_WHOLE ? '2013-02-09T08:30:00Z' : '2013-02-08T21:30:00Z';
/** What a browser may take to draw a change: a row that has not changed for so long is shown as it is. */
const DRAWN_AFTER_MS = 1_500;
const BOARDS: [string, Direction][] = [
  ['JFK', 'departures'],
  ['LGA', 'departures'],
  ['EWR', 'departures'],
  ['JFK', 'arrivals'],
  ['DCA', 'arrivals'],
  ['ORD', 'arrivals'],
];

let browser: Browser;
beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

test(
  'no row of a board differs from the API, and none says "On time" of a flight that cannot be',
  { timeout: 600_000 },
  async () => {
    const day = await ReplayedDay.start(FROM, SPEED);
    try {
      const page = await browser.newPage({ viewport: { width: 1280, height: 5_000 } });
      const wrong: string[] = [];
      let [compared, rounds, now_ms] = [0, 0, 0];
      while (now_ms < Date.parse(UNTIL)) {
        for (const [iata, direction] of BOARDS) {
          const found = await compare(day.url, page, iata, direction);
          compared += found.compared;
          now_ms = found.now_ms;
          wrong.push(...found.wrong);
        }
        rounds += 1;
      }
      console.log(
        `${compared} rows compared in ${rounds} rounds over ${BOARDS.length} boards, ${wrong.length} wrong`,
      );
      expect(wrong.slice(0, 20)).toEqual([]);
      expect(compared).toBeGreaterThan(100);
    } finally {
      day.stop();
    }
  },
);

/** Opens a board, lets it follow the day for a while, and compares the rows that it draws with the API. */
async function compare(url: string, page: Page, iata: string, direction: Direction) {
  await page.goto(`${url}/board/${iata}/${direction}`, { waitUntil: 'commit' });
  // Late in the evening there is nothing to come on some boards.
  const isEmpty = page.getByText(/No flight fits|No flights are known/);
  await page.locator('[data-leg]').first().or(isEmpty).first().waitFor();
  const before = await board(url, iata, direction);
  await new Promise((done) => setTimeout(done, DRAWN_AFTER_MS));
  const rows = await readRows(page);
  const after = await board(url, iata, direction);
  const was = new Map(before.flights.map((flight) => [flight.leg, flight.rev]));
  const is = new Map(after.flights.map((flight) => [flight.leg, flight]));
  const wrong: string[] = [];
  let compared = 0;
  for (const row of rows) {
    const flight = is.get(row.leg);
    // Changed meanwhile: either value may be correct in the browser.
    if (flight && was.get(row.leg) !== flight.rev) continue;
    const found = flight
      ? differences(row, flight, direction, Date.parse(before.as_of))
      : ['it is not in the API'];
    wrong.push(...found.map((what) => `${before.as_of} ${iata} ${direction} ${row.leg}: ${what}`));
    compared += 1;
  }
  return { compared, wrong, now_ms: Date.parse(after.as_of) };
}

async function board(url: string, iata: string, direction: Direction): Promise<BoardBody> {
  const answer = await fetch(`${url}/api/v1/boards/${iata}/${direction}`);
  return answer.ok
    ? ((await answer.json()) as BoardBody)
    : {
        airport: { iata, name: '', city: '', country: '', zone: 'UTC' },
        direction,
        as_of: FROM,
        silent_sources: [],
        flights: [],
      };
}
