import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { launchChromium } from '../browser.mjs';
import { afternoon, flightReport } from './afternoon';
import { faultsOf } from './axe';
import { Hub } from './hub';
import { outsideOf, overlaps } from './layout';

let browser: Browser;
let hub: Hub;

beforeAll(async () => {
  browser = await launchChromium();
  hub = await Hub.start();
  const [first, ...others] = afternoon();
  // The longest of each: a city, a status, two terminals with the same gates.
  const long = flightReport('1999', 'RDU', {
    'departure.scheduled': '2013-02-08T20:05:00Z',
    'departure.estimated': '2013-02-08T22:18:00Z',
    'departure.terminal': '8',
    'departure.gate': '3',
    status: 'delayed',
  });
  await hub.report(long, ...(first ? [first] : []), ...others);
});
afterAll(async () => {
  await browser.close();
  await hub.stop();
});

test.each([
  [1080, 1920],
  [1024, 1366],
  [768, 1024],
  [1280, 1024],
  [1280, 720],
  [1920, 1080],
  [3840, 2160],
])('on a wall of %i by %i nothing overlaps, and city, status and clock are there', async (width, height) => {
  const page = await browser.newPage({ viewport: { width, height }, reducedMotion: 'reduce' });
  await page.goto(`${hub.url}/display/JFK/departures`);
  await page.getByRole('row').nth(3).waitFor();
  await page.getByText('Raleigh/Durham').first().waitFor();
  await page.evaluate(() => document.fonts.ready);
  const main = page.locator('main');
  expect(await outsideOf(page, main, 'h1, header div, [role="cell"], footer span')).toEqual([]);
  expect(await overlaps(main, 'h1, header div, [role="columnheader"], [role="cell"], footer span')).toEqual(
    [],
  );
  const row = page.getByRole('row').filter({ hasText: 'Raleigh/Durham' });
  await row.getByText('Delayed 2 h 13').waitFor();
  expect(await row.textContent()).toContain('T8');
  // The last row is whole: nothing of it lies beneath the foot of the screen.
  const last = await page.getByRole('row').last().boundingBox();
  const foot = await page.locator('footer').boundingBox();
  expect((last?.y ?? 0) + (last?.height ?? 0)).toBeLessThanOrEqual((foot?.y ?? 0) + 1);
  expect(await faultsOf(page)).toEqual([]);
  await page.close();
});

test('a warning at the foot of a portrait wall is whole, and covers no flight', async () => {
  const page = await browser.newPage({ viewport: { width: 1080, height: 1920 }, reducedMotion: 'reduce' });
  const away = JSON.stringify({ type: 'upstream', current: false, since: '2013-02-08T19:12:30.500Z' });
  await page.routeWebSocket(/\/ws$/, (line) => {
    line.connectToServer().onMessage((message) => {
      line.send(message);
      if (String(message).includes('"type":"hello"')) line.send(away);
    });
  });
  await page.goto(`${hub.url}/display/JFK/departures`);
  await page.getByText(/^Live updates are interrupted. Board as of 14:12 EST/).waitFor();
  await page.getByRole('row').nth(3).waitFor();
  await page.evaluate(() => document.fonts.ready);
  const main = page.locator('main');
  expect(await outsideOf(page, main, 'footer span')).toEqual([]);
  expect(await overlaps(main, '[role="cell"], footer span')).toEqual([]);
  await page.close();
});
