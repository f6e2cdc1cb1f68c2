import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../browser.mjs';
import { flightReport } from './afternoon';
import { Hub } from './hub';
import { outsideOf, overlaps } from './layout';

let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  browser = await launchChromium();
  hub = await Hub.start();
  const twoGates = ['5', '8'].map((terminal, index) =>
    flightReport(`70${index}`, 'SFO', {
      'departure.scheduled': `2013-02-08T20:2${index}:00Z`,
      'departure.terminal': terminal,
      'departure.gate': '3',
    }),
  );
  const fromFar = {
    ...flightReport('616', 'FLL', { 'departure.scheduled': '2013-02-08T21:10:00Z' }),
    from: 'DFW',
  };
  await hub.report(...twoGates, fromFar);
  await hub.report(flightReport('700', 'SFO', { 'departure.gate': '4' }));
  await hub.report(flightReport('700', 'SFO', { 'departure.gate': '3' }));
});
afterAll(async () => {
  await browser.close();
  await hub.stop();
});

const PHONES = [
  [390, 844],
  [360, 740],
  [320, 640],
] as const;

test.each(PHONES)('on a phone of %i by %i the head of a board is whole', async (width, height) => {
  const page = await browser.newPage({ viewport: { width, height } });
  for (const airport of ['JFK', 'DFW']) {
    await page.goto(`${hub.url}/board/${airport}/departures`);
    const city = page.getByText(airport === 'JFK' ? 'New York' : /^DFWDallas/).first();
    await city.waitFor();
    await page.evaluate(() => document.fonts.ready);
    const main = page.locator('main');
    const parts = 'h1, h1 + p, time, time + span, [data-link]';
    expect(await overlaps(main, parts)).toEqual([]);
    expect(await outsideOf(page, main, parts)).toEqual([]);
    // Nothing is cut off with an ellipsis: a place is as wide as what is written in it.
    const cut = await main.locator('h1 + p').evaluate((p) => p.scrollWidth - p.clientWidth);
    expect(cut).toBeLessThanOrEqual(0);
  }
  await page.close();
});

test.each(PHONES)('on a phone of %i by %i each gate is shown with its terminal', async (width, height) => {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.goto(`${hub.url}/board/JFK/departures`);
  for (const [flight, terminal] of [
    ['B6 700', '5'],
    ['B6 701', '8'],
  ] as const) {
    const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: flight, exact: true }) });
    await row.waitFor();
    const cell = row.locator('[data-label="Term."]');
    expect(await cell.innerText()).toBe(terminal);
    expect((await cell.boundingBox())?.width ?? 0).toBeGreaterThan(8);
    expect(await overlaps(row, '[role="cell"]')).toEqual([]);
  }
  await page.close();
});

test.each(PHONES)('on a phone of %i by %i the times of a history keep to one line', async (width, height) => {
  const page = await browser.newPage({ viewport: { width, height } });
  await page.goto(`${hub.url}/flight/${encodeURIComponent(await hub.leg('700'))}`);
  const history = page.getByRole('region', { name: 'History' });
  await history.getByRole('listitem').nth(1).waitFor();
  const lines = await history.locator('li > time').evaluateAll((times) =>
    times.map((time) => {
      const range = document.createRange();
      range.selectNodeContents(time);
      return new Set([...range.getClientRects()].map((box) => Math.round(box.top))).size;
    }),
  );
  expect(new Set(lines)).toEqual(new Set([1]));
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  await page.close();
});
