import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../browser.mjs';
import { afternoon } from './afternoon';
import { faultsOf } from './axe';
import { Hub } from './hub';

let browser: Browser;
let hub: Hub;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium();
  hub = await Hub.start();
  await hub.report(...afternoon());
});
afterAll(async () => {
  await browser.close();
  await hub.stop();
});
beforeEach(async () => {
  page = await browser.newPage({ reducedMotion: 'reduce' });
  page.setDefaultTimeout(15_000);
  await page.goto(hub.url);
  await page.getByText('New York').first().waitFor();
});
afterEach(async () => page.close());

const field = () => page.getByRole('combobox', { name: 'Search flights and airports' });

// Too fast for any answer to be there when Enter comes.
test.each(['B6 703', 'B6703', 'b6-703', 'JBU703', '703'])('%s and Enter open the flight', async (words) => {
  await field().fill(words);
  await field().press('Enter');
  await page.getByRole('heading', { level: 1, name: /^B6 703/ }).waitFor();
});

test.each(['JFK to BOS', 'JFK-BOS', 'boston', 'JetBlue', 'new york to boston', 'EI5105'])(
  '%s finds flights, which the arrow keys choose',
  async (words) => {
    await field().fill(words);
    const flights = page.getByRole('group', { name: 'Flights' }).getByRole('option');
    await flights.first().waitFor();
    const name = (await flights.first().innerText()).split('\n')[0] ?? '';
    const before = await page.getByRole('group', { name: 'Airports' }).getByRole('option').count();
    for (let press = 0; press <= before; press += 1) await field().press('ArrowDown');
    await page.getByRole('option', { selected: true }).getByText(name).waitFor();
    await field().press('Enter');
    await page.getByRole('heading', { level: 1, name: new RegExp(`^${name}`) }).waitFor();
  },
);

test('a route finds no flight of the other direction', async () => {
  await field().fill('BOS to JFK');
  await page.getByText('No flight and no airport fits', { exact: true }).waitFor();
});

test.each([
  ['light', 1280],
  ['dark', 390],
  ['light', 320],
] as const)('in %s at %i pixels axe finds no fault in what was found', async (colorScheme, width) => {
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: 800 });
  await field().fill('boston');
  await page.getByRole('group', { name: 'Flights' }).getByRole('option').first().waitFor();
  await field().press('ArrowDown');
  expect(await faultsOf(page)).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
});
