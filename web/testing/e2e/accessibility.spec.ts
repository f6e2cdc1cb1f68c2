import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../browser.mjs';
import { afternoon, flightReport } from './afternoon';
import { faultsOf } from './axe';
import { Hub } from './hub';

const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };

let browser: Browser;
let hub: Hub;
let leg: string;

beforeAll(async () => {
  browser = await launchChromium();
  hub = await Hub.start();
  const arriving = {
    ...flightReport('616', 'JFK', { 'arrival.scheduled': '2013-02-08T21:10:00Z', 'arrival.gate': '5' }),
    from: 'FLL',
  };
  await hub.report(...afternoon(), arriving);
  leg = await hub.leg('615');
});
afterAll(async () => {
  await browser.close();
  await hub.stop();
});

/** Each page is judged with its content, not while that is fetched. */
async function open(page: Page, path: string): Promise<void> {
  await page.goto(hub.url + (path === '/flight' ? `/flight/${encodeURIComponent(leg)}` : path));
  if (path === '/flight') await page.getByRole('heading', { level: 1, name: /B6 615/ }).waitFor();
  else await page.getByRole('heading', { level: 1 }).waitFor();
  if (path.startsWith('/board/')) await page.getByText('Fort Lauderdale').first().waitFor();
  await page.waitForLoadState('networkidle');
}

/** No gate twice, or nothing would change. */
let gate = 30;

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  describe.each(Object.entries(SIZES))('on a %s', (_, viewport) => {
    test.each([
      '/',
      '/board/JFK/departures',
      '/board/JFK/arrivals',
      '/flight',
      '/docs/api',
      '/docs/protocol',
      '/nowhere',
    ])('%s has no fault that axe can find', async (path) => {
      const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce' });
      await open(page, path);
      if (path.includes('departures')) {
        await page.getByRole('row').nth(5).waitFor();
        gate += 1;
        await hub.report(flightReport('615', 'FLL', { 'departure.gate': String(gate) }));
        await page.locator('[data-changed]').first().waitFor();
      }
      const found = await faultsOf(page);
      await page.close();
      expect(found).toEqual([]);
    });
  });
});

test.each([390, 700, 1280])('at %i pixels a row has a cell for each column', async (width) => {
  const page = await browser.newPage({ viewport: { width, height: 844 } });
  await page.goto(`${hub.url}/board/JFK/departures`);
  const row = page.getByRole('row').filter({ has: page.getByRole('link', { name: 'B6 615', exact: true }) });
  await row.waitFor();
  const columns = await page.getByRole('columnheader').count();
  expect(await row.getByRole('cell').count()).toBe(columns);
  await page.close();
});

test('at 320 pixels nothing has to be scrolled sideways', async () => {
  const page = await browser.newPage({ viewport: { width: 320, height: 640 } });
  for (const path of ['/', '/board/JFK/departures', '/flight', '/docs/api']) {
    await open(page, path);
    expect([path, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([path, 320]);
  }
  await page.close();
});
