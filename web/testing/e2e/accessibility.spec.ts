import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { launchChromium } from '../browser.mjs';
import { afternoon, flightReport } from './afternoon';
import { Hub } from './hub';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
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

type Violation = { id: string; nodes: { html: string; failureSummary?: string }[] };

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
        await page.evaluate(axe);
        const violations = await page.evaluate(
          `axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }).then((result) => result.violations)`,
        );
        const found = (violations as Violation[]).map(
          (one) =>
            `${one.id}: ${one.nodes
              .slice(0, 3)
              .map((node) => `${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`)
              .join('\n   ')}`,
        );
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
