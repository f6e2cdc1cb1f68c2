import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchProfile } from '../browser.mjs';
import { afternoon } from './afternoon';
import { Hub } from './hub';

// A returning browser has most of a page cached, and gets a 304 with its own headers.
let hub: Hub;
let profile: string;
let browser: BrowserContext;
let faults: string[];
let legPath: string;

beforeAll(async () => {
  hub = await Hub.start();
  await hub.report(...afternoon());
  legPath = `/flight/${encodeURIComponent(await hub.leg('615'))}`;
});
afterAll(async () => hub.stop());

beforeEach(async () => {
  profile = mkdtempSync(join(tmpdir(), 'gatecall-profile-'));
  faults = [];
  browser = await open();
});
afterEach(async () => {
  await browser.close();
  rmSync(profile, { recursive: true, force: true });
});

/** The browser with this profile: its cache outlives it. */
async function open(): Promise<BrowserContext> {
  const context = await launchProfile(profile);
  context.setDefaultTimeout(15_000);
  // Violations of the page's policy appear only in the console.
  context.on('console', (message) => {
    if (/Content Security Policy|MIME type/i.test(message.text())) faults.push(message.text());
  });
  return context;
}

/** Each page by what it shows once it has its content. */
const PAGES: [name: string, path: () => string, content: string][] = [
  ['the front page', () => '/', 'New York'],
  ['a board', () => '/board/JFK/departures', 'Fort Lauderdale'],
  ['a board of arrivals', () => '/board/FLL/arrivals', 'New York'],
  ['a flight', () => legPath, 'B6 615'],
  ['a display', () => '/display/JFK/departures', 'Fort Lauderdale'],
  ['the API page', () => '/docs/api', '/api/v1/flights'],
  ['the protocol', () => '/docs/protocol', 'Everything described here stays'],
  ['a page that is not there', () => '/nowhere', 'There is no page at this address'],
];

async function isWhole(page: Page, content: string): Promise<void> {
  await page.getByText(content, { exact: false }).first().waitFor();
  // With its styles: without them the page would have the browser's own white margin.
  expect(await page.evaluate(() => getComputedStyle(document.body).margin)).toBe('0px');
}

test.each(PAGES)('%s is whole at every visit, not the first alone', async (_, path, content) => {
  const url = hub.url + path();
  const page = await browser.newPage();
  await page.goto(url);
  await isWhole(page, content);
  for (let again = 0; again < 2; again += 1) {
    await page.reload();
    await isWhole(page, content);
  }
  await page.goto(`${hub.url}/healthz`);
  await page.goBack();
  await isWhole(page, content);

  const second = await browser.newPage();
  await second.goto(url);
  await isWhole(second, content);
  await second.reload();
  await isWhole(second, content);

  await browser.close();
  browser = await open();
  const nextDay = await browser.newPage();
  await nextDay.goto(url);
  await isWhole(nextDay, content);
  await nextDay.reload();
  await isWhole(nextDay, content);
  expect(faults).toEqual([]);
});

test('a browser that has kept a page is told that it is the same, and shows it', async () => {
  const page = await browser.newPage();
  await page.goto(hub.url);
  await isWhole(page, 'New York');
  // What passes over the line: a browser's own account turns a 304 into the stored answer.
  const line = await browser.newCDPSession(page);
  const statuses: number[] = [];
  line.on('Network.responseReceivedExtraInfo', (told) => statuses.push(told.statusCode));
  await line.send('Network.enable');
  await page.reload();
  await isWhole(page, 'New York');
  expect(statuses).toContain(304);
});
