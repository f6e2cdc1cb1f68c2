import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../browser.mjs';
import { afternoon } from './afternoon';
import { Hub } from './hub';

// The hub serves one build for as long as it runs, so the next one is slipped in between: the same page under
// another name, with the files of the old one gone.
const ENTRY = /\/assets\/index-[^"]+\.js/;
const NEW_ENTRY = '/assets/index-of-the-next-build.js';

let browser: Browser;
let hub: Hub;
let page: Page;
let isUpgraded: boolean;
/** Whether the page that is open is of the new build. */
let isNew: boolean;
let documents: number;

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
  [isUpgraded, isNew, documents] = [false, false, 0];
  page = await browser.newPage();
  page.setDefaultTimeout(15_000);
  let entry = '';
  await page.route(
    (url) => !/^\/(api|assets|ws|favicon)/.test(url.pathname),
    async (route) => {
      const answer = await route.fetch();
      const html = await answer.text();
      entry = ENTRY.exec(html)?.[0] ?? '';
      const isDocument = route.request().resourceType() === 'document';
      if (isDocument) documents += 1;
      if (isDocument) isNew = isUpgraded;
      await route.fulfill({ response: answer, body: isUpgraded ? html.replace(entry, NEW_ENTRY) : html });
    },
  );
  await page.route(`**${NEW_ENTRY}`, async (route) => {
    await route.fulfill({ response: await route.fetch({ url: hub.url + entry }) });
  });
  await page.route('**/assets/api-docs-page-*', async (route) => {
    if (isUpgraded && !isNew) await route.fulfill({ status: 404, body: 'gone' });
    else await route.continue();
  });
});
afterEach(async () => {
  // A request may still be in a handler when the page closes.
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await page.close();
});

test('a page whose code went with an older build is there all the same, of the new one', async () => {
  await page.goto(`${hub.url}/board/JFK/departures`);
  await page.getByText('Fort Lauderdale').first().waitFor();
  isUpgraded = true;
  await page.getByRole('link', { name: 'API' }).click();
  await page.getByText('/api/v1/flights', { exact: false }).first().waitFor();
  expect([isNew, documents]).toEqual([true, 2]);
});

test('code that cannot be had from the same build makes no page load over and over', async () => {
  await page.route('**/assets/api-docs-page-*', (route) => route.fulfill({ status: 404, body: 'gone' }));
  await page.goto(`${hub.url}/board/JFK/departures`);
  await page.getByRole('link', { name: 'API' }).click();
  await page.getByText('This page has stopped').waitFor();
  expect(documents).toBe(1);
});

test('a screen takes the new build by itself, and once', async () => {
  await page.clock.install();
  await page.goto(`${hub.url}/display/JFK/departures`);
  await page.locator('[data-link="live"]').waitFor();
  isUpgraded = true;
  for (let minute = 0; minute < 40 && !isNew; minute += 1) {
    await page.clock.runFor(60_000);
    await page.waitForTimeout(50);
  }
  expect(isNew).toBe(true);
  await page.locator('[data-link="live"]').waitFor();
  for (let minute = 0; minute < 40; minute += 1) await page.clock.runFor(60_000);
  expect(documents).toBe(2);
});
