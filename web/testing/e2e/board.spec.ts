import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../browser.mjs';
import { afternoon, flightReport } from './afternoon';
import { Hub } from './hub';

let browser: Browser;
let hub: Hub;
let page: Page;

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

beforeEach(async () => {
  hub = await Hub.start();
  await hub.report(...afternoon());
  page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(15_000);
});
afterEach(async () => {
  await page.close();
  await hub.stop();
});

const row = (flight: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: flight, exact: true }) });
const openBoard = async () => {
  await page.goto(`${hub.url}/board/JFK/departures`);
  await row('B6 615').waitFor();
  // The names and zones of airports come by a way of their own, and not any more once the hub is killed.
  await row('B6 615').getByText('Fort Lauderdale').waitFor();
};
const gateChange = (gate: string) => hub.report(flightReport('615', 'FLL', { 'departure.gate': gate }));

test('a gate change pushed to the API appears on the open board within a second, and is marked', async () => {
  await openBoard();
  const cell = row('B6 615').locator('[data-label="Gate"]');
  expect(await cell.innerText()).toBe('12');
  const took_ms: number[] = [];
  for (const gate of ['14', '15', '16', '17', '18']) {
    const pushed_ms = Date.now();
    await gateChange(gate);
    await cell.getByText(gate, { exact: true }).waitFor();
    took_ms.push(Date.now() - pushed_ms);
  }
  await cell.locator('[data-changed]').waitFor();
  expect(await cell.textContent()).toContain('(changed)');
  // The middle one: a machine that runs all of these tests may stand still for a moment.
  expect(took_ms.sort((a, b) => a - b)[2], took_ms.join(', ')).toBeLessThan(1_000);
});

test('the hub killed and started again, the page recovers by itself and has missed nothing', async () => {
  await openBoard();
  await hub.kill();
  await page.locator('[data-link="reconnecting"]').waitFor();
  expect(await row('B6 615').isVisible()).toBe(true);
  await hub.run();
  await gateChange('31');
  await hub.report(
    flightReport('999', 'MCO', { 'departure.scheduled': '2013-02-08T20:16:00Z', 'departure.gate': '8' }),
  );
  await page.locator('[data-link="live"]').waitFor({ timeout: 20_000 });
  await row('B6 615').locator('[data-label="Gate"]').getByText('31', { exact: true }).waitFor();
  await row('B6 999').waitFor();
  await page.goto(`${hub.url}/board/JFK/departures?window=all`);
  await row('B6 999').waitFor();
  const { flights } = await hub.board('JFK', 'departures');
  expect(flights).toHaveLength(42);
  expect(await page.getByRole('table').getAttribute('aria-rowcount')).toBe('43');
});

test('a page whose hub was killed asks from where it was, and is brought up to date', async () => {
  const follows: string[] = [];
  const snapshots: boolean[] = [];
  page.on('websocket', (socket) => {
    socket.on('framesent', (frame) => {
      if (String(frame.payload).includes('"follow"')) follows.push(String(frame.payload));
    });
    socket.on('framereceived', (frame) => {
      const told = JSON.parse(String(frame.payload)) as { type: string; partial?: boolean };
      if (told.type === 'snapshot') snapshots.push(told.partial ?? false);
    });
  });
  await openBoard();
  await hub.kill();
  await page.locator('[data-link="reconnecting"]').waitFor();
  await hub.run();
  await page.locator('[data-link="live"]').waitFor({ timeout: 20_000 });
  expect(follows.map((text) => text.includes('"since"'))).toEqual([false, true]);
  // A hub that was away does not know what left meanwhile, so it answers with the whole.
  expect(snapshots).toEqual([false, false]);
  await gateChange('22');
  await row('B6 615')
    .locator('[data-label="Gate"]')
    .getByText('22', { exact: true })
    .waitFor({ timeout: 2_000 });
});

test('the flight page tells a change in its history as it happens', async () => {
  await openBoard();
  await row('B6 615').getByRole('link').click();
  await page.getByRole('heading', { name: /B6 615/ }).waitFor();
  await gateChange('17');
  const newest = page.getByRole('region', { name: 'History' }).getByRole('listitem').first();
  await newest.getByText('17', { exact: false }).waitFor({ timeout: 2_000 });
});

test('where WebSocket cannot be opened the board lives on the event stream', async () => {
  await page.addInitScript(() => {
    class NoWebSocket extends EventTarget {
      static OPEN = 1;
      readyState = 3;
      onclose: ((event: CloseEvent) => void) | null = null;
      constructor() {
        super();
        setTimeout(() => this.onclose?.(new CloseEvent('close', { code: 1006 })));
      }
      close(): void {}
      send(): void {}
    }
    Object.assign(window, { WebSocket: NoWebSocket });
  });
  await openBoard();
  await gateChange('27');
  await row('B6 615')
    .locator('[data-label="Gate"]')
    .getByText('27', { exact: true })
    .waitFor({ timeout: 2_000 });
});

test('nothing is asked of any other server', async () => {
  const hosts = new Set<string>();
  page.on('request', (request) => hosts.add(new URL(request.url()).origin));
  const faults: string[] = [];
  page.on('console', (message) => {
    if (message.type() === 'error') faults.push(message.text());
  });
  for (const path of ['/', '/board/JFK/departures', '/display/JFK/departures', '/docs/api']) {
    await page.goto(hub.url + path);
    await page.waitForLoadState('networkidle');
  }
  expect([...hosts]).toEqual([hub.url]);
  expect(faults).toEqual([]);
});

test('a screen in the hall survives the loss of its hub and says how old it is', async () => {
  await page.goto(`${hub.url}/display/JFK/departures`);
  await page.getByText('B6 615').waitFor();
  await page.getByText('Fort Lauderdale').first().waitFor();
  await hub.kill();
  await page.getByText(/No connection\. Board as of 15:0\d EST/).waitFor();
  expect(await page.getByText('Fort Lauderdale').first().isVisible()).toBe(true);
  await hub.run();
  await page.locator('[data-link="live"]').waitFor({ timeout: 20_000 });
});
