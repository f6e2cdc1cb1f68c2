import type { Browser } from 'playwright-core';
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
  await hub.report(...afternoon());
  const { flights } = await hub.board('JFK', 'departures');
  leg = flights.find((flight) => flight.number === '615')?.leg ?? '';
});
afterAll(async () => {
  await browser.close();
  await hub.stop();
});

describe.each(['light', 'dark'] as const)('in %s', (colorScheme) => {
  describe.each(Object.entries(SIZES))('on a %s', (_, viewport) => {
    test.each(['/', '/board/JFK/departures', '/board/JFK/arrivals', '/flight', '/docs/api', '/nowhere'])(
      '%s has no fault that axe can find',
      async (path) => {
        const page = await browser.newPage({ viewport, colorScheme, reducedMotion: 'reduce' });
        await page.goto(hub.url + (path === '/flight' ? `/flight/${encodeURIComponent(leg)}` : path));
        await page.getByRole('heading', { level: 1 }).waitFor();
        await page.waitForLoadState('networkidle');
        if (path.includes('departures')) {
          await page.getByRole('row').nth(5).waitFor();
          await hub.report(
            flightReport('615', 'FLL', { 'departure.gate': String(Math.floor(Math.random() * 80)) }),
          );
          await page.locator('[data-changed]').first().waitFor();
        }
        const found = await faultsOf(page);
        await page.close();
        expect(found).toEqual([]);
      },
    );
  });
});

test('at 320 pixels nothing has to be scrolled sideways', async () => {
  const page = await browser.newPage({ viewport: { width: 320, height: 640 } });
  for (const path of ['/', '/board/JFK/departures', `/flight/${encodeURIComponent(leg)}`, '/docs/api']) {
    await page.goto(hub.url + path);
    await page.getByRole('heading', { level: 1 }).waitFor();
    await page.waitForLoadState('networkidle');
    expect([path, await page.evaluate(() => document.documentElement.scrollWidth)]).toEqual([path, 320]);
  }
  await page.close();
});
