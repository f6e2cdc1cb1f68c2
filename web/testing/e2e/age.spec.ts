import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../browser.mjs';
import { afternoon, flightReport } from './afternoon';
import { faultsOf } from './axe';
import { Hub } from './hub';

// What is shown is never called younger than it is: with a dead feed, a lost link, a frozen hub, a wrong clock.

/** Twice the ping, and a moment to see it. */
const PING_S = 5;
const DEAD_WITHIN_MS = 2 * PING_S * 1_000 + 2_000;

let browser: Browser;
let context: BrowserContext;
let page: Page;
let hub: Hub;
let airport: Server;
let isDown: boolean;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

beforeEach(async () => {
  isDown = false;
  // An airport that has nothing to tell, or does not answer.
  airport = createServer((_, answer) => {
    answer.writeHead(isDown ? 503 : 200, { 'content-type': 'application/json' }).end('[]');
  });
  await new Promise<void>((done) => airport.listen(0, '127.0.0.1', done));
  const { port } = airport.address() as AddressInfo;
  hub = await Hub.start({ ping_s: PING_S, jfk: `http://127.0.0.1:${port}/` });
  await hub.report(...afternoon());
  context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion: 'reduce' });
  page = await context.newPage();
  page.setDefaultTimeout(20_000);
});
afterEach(async () => {
  await context.close();
  await hub.stop();
  airport.closeAllConnections();
  airport.close();
});

const link = (state: string) => page.locator(`[data-link="${state}"]`);
const row = (flight: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: flight, exact: true }) });

test.skipIf(process.env['FAKE_HUB'])(
  'a board, a flight and a screen say that an airport is silent and since when, until it speaks again',
  async () => {
    await page.goto(`${hub.url}/board/JFK/departures`);
    await link('live').waitFor();
    isDown = true;
    await link('silent').getByText('JFK silent since 15:0').waitFor({ timeout: 40_000 });
    await page.getByText('JFK’s own data has been silent since 15:0').first().waitFor();
    expect(await faultsOf(page)).toEqual([]);
    const body = await hub.board('JFK', 'departures');
    expect(body.silent_sources).toMatchObject([{ feed: 'jfk', airport: 'JFK' }]);
    expect((await hub.board('FLL', 'arrivals')).silent_sources).toEqual([]);
    await row('B6 615').getByRole('link', { name: 'B6 615' }).click();
    await link('silent').getByText('JFK silent since 15:0').waitFor();
    expect(await faultsOf(page)).toEqual([]);
    await page.goto(`${hub.url}/display/JFK/departures`);
    await page.getByText(/^JFK’s own data has been silent since 15:0\d EST\. Board as of/).waitFor();
    isDown = false;
    await link('live').waitFor({ timeout: 40_000 });
  },
  120_000,
);

test('a hub that has frozen is not called live for longer than twice its ping', async () => {
  await page.goto(`${hub.url}/board/JFK/departures`);
  await link('live').waitFor();
  hub.freeze();
  await link('reconnecting').waitFor({ timeout: DEAD_WITHIN_MS });
  hub.thaw();
  await link('live').waitFor();
});

test('a browser without a network is believed at once, and what is opened then says how old it is', async () => {
  await hub.report(
    flightReport('616', 'BOS', { 'departure.scheduled': '2013-02-08T20:00:20Z', status: 'boarding' }),
  );
  await page.goto(`${hub.url}/board/JFK/departures`);
  await link('live').waitFor();
  await row('B6 616').getByText('Boarding').waitFor();
  await context.setOffline(true);
  await link('reconnecting').waitFor({ timeout: 2_000 });
  await row('B6 616').getByRole('link', { name: 'B6 616' }).click();
  await link('reconnecting').getByText('as of 15:0').waitFor();
  expect(await page.getByText(/^Connecting/).count()).toBe(0);
  const sign = page.getByRole('banner').getByRole('link', { name: 'Gatecall' });
  expect(await sign.locator('svg').evaluate((drawn) => drawn.getBoundingClientRect().width)).toBe(28);
  expect(await page.locator('img').count()).toBe(0);
  await link('stale').getByText('old').waitFor({ timeout: 90_000 });
  await page.goBack();
  await row('B6 616').waitFor();
  await context.setOffline(false);
  await link('live').waitFor();
}, 150_000);

test('a screen shows the hub’s time whatever its own clock is set to', async () => {
  await page.addInitScript(() => {
    const now = Date.now.bind(Date);
    let wrongBy_ms = 0;
    Date.now = () => now() + wrongBy_ms;
    Object.assign(window, { setClock: (by_ms: number) => (wrongBy_ms = by_ms) });
  });
  const setClock = (by_ms: number) => page.evaluate(`setClock(${by_ms})`);
  await page.goto(`${hub.url}/display/JFK/departures`);
  await link('live').waitFor();
  const shown = () => page.locator('header').innerText();
  expect(await shown()).toMatch(/15:0\d/);
  await setClock(-3_600_000);
  // Over several pings and looks at the clock.
  await page.waitForTimeout(2 * PING_S * 1_000 + 2_000);
  expect(await shown()).toMatch(/15:0\d/);
  expect(await link('live').count()).toBe(1);
  await setClock(3_600_000);
  await page.waitForTimeout(6_000);
  expect(await shown()).toMatch(/15:0\d/);
  await link('live').waitFor();
});
