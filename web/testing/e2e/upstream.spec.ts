import type { Browser, Page, WebSocketRoute } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../browser.mjs';
import { afternoon, flightReport } from './afternoon';
import { faultsOf } from './axe';
import { Hub } from './hub';

// One hub alone always hears of its changes, so what a hub of several nodes would say is slipped in between.
let browser: Browser;
let hub: Hub;
let page: Page;
let lines: WebSocketRoute[];
/** Said after each hello, as a hub does while it lasts. */
let lasting: string | null;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

beforeEach(async () => {
  hub = await Hub.start();
  await hub.report(...afternoon());
  lines = [];
  lasting = null;
  page = await browser.newPage({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  page.setDefaultTimeout(15_000);
  await page.routeWebSocket(/\/ws$/, (line) => {
    const upstream = line.connectToServer();
    lines.push(line);
    upstream.onMessage((message) => {
      line.send(message);
      if (lasting !== null && String(message).includes('"type":"hello"')) line.send(lasting);
    });
  });
});
afterEach(async () => {
  await page.close();
  await hub.stop();
});

/** Three quarters of an hour before the hub's clock begins, at 15:00 at JFK. */
const AWAY = JSON.stringify({ type: 'upstream', current: false, since: '2013-02-08T19:12:30.500Z' });
const BACK = JSON.stringify({ type: 'upstream', current: true, since: null });

const ALL_PAGES_MS = 75_000;

const says = (frame: string) => lines.at(-1)?.send(frame);
const row = (flight: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: flight, exact: true }) });

test('a board says that live updates are interrupted and since when, and stops when they are back', async () => {
  await page.goto(`${hub.url}/board/JFK/departures`);
  await page.locator('[data-link="live"]').waitFor();
  says(AWAY);
  await page.getByText('Live updates are interrupted. As of 14:12 EST.').waitFor();
  await page.locator('[data-link="interrupted"]').getByText('as of 14:12 EST').waitFor();
  expect(await page.getByTestId('link-announcer').textContent()).toBe(
    'Live updates are interrupted. Showing what was known at 14:12 EST.',
  );
  expect(await page.getByText(/connection/i).count()).toBe(0);
  // What the hub does say meanwhile is shown all the same.
  await hub.report(flightReport('615', 'FLL', { 'departure.gate': '27' }));
  await row('B6 615').locator('[data-label="Gate"]').getByText('27', { exact: true }).waitFor();
  says(BACK);
  await page.locator('[data-link="live"]').waitFor();
  expect(await page.getByText(/interrupted/i).count()).toBe(0);
});

test('a hub lost and found again that is still away is said to be, from when it was', async () => {
  lasting = AWAY;
  await page.goto(`${hub.url}/board/JFK/departures`);
  await page.locator('[data-link="interrupted"]').getByText('as of 14:12 EST').waitFor();
  await hub.kill();
  await page.locator('[data-link="reconnecting"]').getByText('as of 14:12 EST').waitFor();
  await hub.run();
  await page.locator('[data-link="interrupted"]').getByText('as of 14:12 EST').waitFor({ timeout: 20_000 });
  expect(lines.length).toBeGreaterThan(1);
});

test('a screen in the hall keeps its board while updates are interrupted and confirms nothing that is past', async () => {
  await hub.report(
    flightReport('616', 'BOS', { 'departure.scheduled': '2013-02-08T19:55:00Z', status: 'boarding' }),
  );
  lasting = AWAY;
  await page.goto(`${hub.url}/display/JFK/departures`);
  await page.getByText(/^Live updates are interrupted\. Board as of 14:12 EST, 4\d min old/).waitFor();
  const past = page.getByRole('row').filter({ hasText: 'B6 616' });
  // The screen turns its pages, so the row may be away for most of a minute.
  await past.getByText('Not confirmed').waitFor({ timeout: ALL_PAGES_MS });
  expect(await past.getByText('Boarding').count()).toBe(0);
  says(BACK);
  await past.getByText('Boarding').waitFor({ timeout: ALL_PAGES_MS });
  expect(await page.getByText(/interrupted/i).count()).toBe(0);
}, 180_000);

test.each([
  ['light', { width: 1280, height: 900 }],
  ['dark', { width: 390, height: 844 }],
  ['light', { width: 320, height: 640 }],
] as const)('while updates are interrupted axe finds no fault in %s at %o', async (colorScheme, viewport) => {
  const leg = await hub.leg('615');
  lasting = AWAY;
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize(viewport);
  for (const path of ['/board/JFK/departures', `/flight/${encodeURIComponent(leg)}`]) {
    await page.goto(hub.url + path);
    await page.getByText('Live updates are interrupted. As of 14:12 EST.').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(viewport.width);
  }
});
