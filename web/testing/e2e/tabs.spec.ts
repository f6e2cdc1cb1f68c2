import { type Server, createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { launchChromium } from '../browser.mjs';
import { afternoon, flightReport } from './afternoon';
import { Hub } from './hub';

// Over HTTP/1.1 a browser opens six connections to a host, for all of its tabs together.
const TABS = 8;

let browser: Browser;
let hub: Hub;
let proxy: Server;
let url: string;
let context: BrowserContext;
/** Streams that are open at this moment, by their addresses. */
let streams: string[];

beforeAll(async () => {
  browser = await launchChromium();
});
afterAll(async () => browser.close());

beforeEach(async () => {
  hub = await Hub.start();
  await hub.report(...afternoon());
  streams = [];
  proxy = withoutWebSocket();
  await new Promise<void>((done) => proxy.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  context = await browser.newContext();
  context.setDefaultTimeout(20_000);
});
afterEach(async () => {
  await context.close();
  proxy.closeAllConnections();
  proxy.close();
  await hub.stop();
});

/** A proxy as many stand in networks: it passes everything on but upgrades, and speaks HTTP/1.1. */
function withoutWebSocket(): Server {
  const server = createServer((asked, answer) => {
    const path = asked.url ?? '/';
    const onward = request(hub.url + path, { method: asked.method, headers: asked.headers }, (response) => {
      answer.writeHead(response.statusCode ?? 502, response.headers);
      response.pipe(answer);
      // A pipe does not end with what feeds it: an answer that breaks off behind the proxy breaks off before it.
      response.on('close', () => {
        if (!response.complete) answer.destroy();
      });
    });
    onward.on('error', () => answer.destroy());
    if (path.startsWith('/api/v1/stream')) streams.push(path);
    answer.on('close', () => {
      onward.destroy();
      const at = streams.indexOf(path);
      if (at >= 0) streams.splice(at, 1);
    });
    asked.pipe(onward);
  });
  server.on('upgrade', (_, socket) => socket.destroy());
  return server;
}

const rowOf = (page: Page, flight: string) =>
  page.getByRole('row').filter({ has: page.getByRole('link', { name: flight, exact: true }) });
const shows = (page: Page, gate: string) =>
  rowOf(page, 'B6 615').locator('[data-label="Gate"]').getByText(gate, { exact: true }).waitFor();

test('where WebSocket is blocked, more tabs than a browser has connections are live, and the next opens at once', async () => {
  const tabs: Page[] = [];
  for (let tab = 0; tab < TABS; tab += 1) {
    const page = await context.newPage();
    tabs.push(page);
    await page.goto(`${url}/board/${tab === 0 ? 'JFK/departures' : BOARDS[tab]}`);
    await page.locator('[data-link="live"]').waitFor();
  }
  const [first, second] = tabs;
  if (!first || !second) throw new Error('no tabs');
  await shows(first, '12');
  expect(streams).toHaveLength(1);

  // A change reaches the tab that shows it, and another tab on the same board.
  await second.goto(`${url}/board/JFK/departures`);
  await shows(second, '12');
  await hub.report(flightReport('615', 'FLL', { 'departure.gate': '27' }));
  await Promise.all([shows(first, '27'), shows(second, '27')]);

  // The tab that was first is closed, without a word: the others go on.
  await first.close({ runBeforeUnload: false });
  await hub.report(flightReport('615', 'FLL', { 'departure.gate': '28' }));
  await shows(second, '28');
  expect(streams).toHaveLength(1);
}, 180_000);

const BOARDS = [
  '',
  'FLL/arrivals',
  'BOS/arrivals',
  'ORD/arrivals',
  'ATL/arrivals',
  'MCO/arrivals',
  'SFO/arrivals',
  'LAX/arrivals',
];

test('a hub that was away is found again by every tab', async () => {
  const tabs = [await context.newPage(), await context.newPage()];
  for (const page of tabs) {
    await page.goto(`${url}/board/JFK/departures`);
    await shows(page, '12');
  }
  await hub.kill();
  for (const page of tabs) await page.locator('[data-link="reconnecting"]').waitFor();
  await hub.run();
  await hub.report(flightReport('615', 'FLL', { 'departure.gate': '31' }));
  for (const page of tabs) await shows(page, '31');
}, 180_000);
