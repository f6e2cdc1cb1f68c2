/**
 * Pictures of the built page on the fake hub's blizzard, into testing/out: `npm run build && npm run screenshots`.
 * docs/board.png is none of them: it is of the demo as `make run` shows it, towards noon.
 */
import { mkdirSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { launchChromium } from './browser.mjs';
import { startFakeHub } from './fake-hub/start-fake-hub.mjs';

const out = fileURLToPath(new URL('./out/', import.meta.url));
const dist = fileURLToPath(new URL('../dist', import.meta.url));
mkdirSync(out, { recursive: true });

const DESKTOP = { width: 1280, height: 860 };
const PHONE = { width: 390, height: 844 };
const hub = await startFakeHub({ dist, start: '2013-02-08T15:04:00-05:00', each: 150 });
const browser = await launchChromium();

const followed = [...hub.state.flights.values()].find(
  (flight) =>
    flight.departure.airport === 'JFK' && flight.status === 'delayed' && flight.codeshares.length > 0,
);
hub.state.change(followed.leg, ['gate'], { 'departure.gate': '21' });
hub.state.change(followed.leg, ['time'], { 'departure.estimated': '2013-02-08T23:25:00Z' });
hub.state.change(followed.leg, ['gate'], { 'departure.gate': '24' });

async function picture(name, path, viewport, colorScheme, before = async () => {}) {
  const page = await browser.newPage({ viewport, colorScheme });
  await page.goto(`http://127.0.0.1:${hub.port}${path}`);
  await page.waitForLoadState('networkidle');
  await page.evaluate(() => document.fonts.ready);
  await before(page);
  await page.waitForTimeout(700);
  await page.screenshot({ path: `${out}${name}.png` });
  await page.close();
}

let gate = 30;

/** A few things happen that are in view. */
async function happen(page) {
  const legs = await page.locator('[data-leg]').evaluateAll((rows) => rows.map((row) => row.dataset.leg));
  const open = legs.filter(
    (leg) => !['cancelled', 'departed', 'airborne'].includes(hub.state.flights.get(leg).status),
  );
  gate += 1;
  hub.state.change(open[2], ['gate'], { 'departure.gate': String(gate) });
  hub.state.change(open[4], ['cancelled'], { status: 'cancelled', delay_reason: 'weather' });
}

await picture('home', '/', DESKTOP, 'light');
const board = '/board/JFK/departures?departed=hide';
await picture('board-light', board, DESKTOP, 'light', happen);
await picture('board', board, DESKTOP, 'dark', happen);
await picture('board-phone', board, PHONE, 'light', happen);
await picture('board-phone-dark', board, PHONE, 'dark');
await picture('arrivals', '/board/JFK/arrivals', DESKTOP, 'light');
await picture('flight-light', `/flight/${followed.leg}`, { width: 1280, height: 1000 }, 'light');
await picture('flight-phone', `/flight/${followed.leg}`, { width: 390, height: 1300 }, 'dark');
await picture('display', '/display/JFK/departures', { width: 1920, height: 1080 }, 'light');
await picture('display-arrivals', '/display/JFK/arrivals', { width: 1920, height: 1080 }, 'light');
await picture('api', '/docs/api', DESKTOP, 'light', (page) => page.locator('summary').first().click());
await picture('nothing', '/flight/none', DESKTOP, 'light');

// A hub that is there, and has heard of no changes for the better part of an hour.
hub.state.warn(hub.state.clock.now() - 48 * 60_000);
await picture('interrupted', board, DESKTOP, 'light');
await picture('interrupted-dark', board, DESKTOP, 'dark');
await picture('interrupted-phone', board, PHONE, 'light');
await picture('interrupted-flight', `/flight/${followed.leg}`, { width: 1280, height: 1000 }, 'dark');
await picture('interrupted-flight-phone', `/flight/${followed.leg}`, { width: 390, height: 1300 }, 'light');
await picture('interrupted-display', '/display/JFK/departures', { width: 1920, height: 1080 }, 'light');
hub.state.warn(null);

// Simulates an hour without the hub by moving the page's own clock.
for (const [name, path, viewport, scheme] of [
  ['stale', '/board/JFK/departures?departed=hide', DESKTOP, 'light'],
  ['stale-phone', '/board/JFK/departures?departed=hide', PHONE, 'dark'],
  ['stale-display', '/display/JFK/departures', { width: 1920, height: 1080 }, 'dark'],
]) {
  const page = await browser.newPage({ viewport, colorScheme: scheme });
  await page.clock.install();
  await page.goto(`http://127.0.0.1:${hub.port}${path}`);
  await page.locator('[data-link="live"]').waitFor();
  await page.clock.runFor(1000);
  hub.cut(true);
  await page.waitForTimeout(300);
  await page.clock.runFor(55 * 60_000);
  await page.screenshot({ path: `${out}${name}.png` });
  await page.close();
  hub.cut(false);
}
await browser.close();
hub.close();
