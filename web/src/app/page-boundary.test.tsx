import { BOARD } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { renderAt } from '@/testing/render-at';
import type { Flight } from '@/wire/types';
import { screen } from '@testing-library/react';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

beforeEach(() => {
  // Hides React's log of the caught error from the test output. jsdom does not scroll.
  vi.spyOn(console, 'error').mockImplementation(() => {});
  vi.spyOn(window, 'scrollTo').mockImplementation(() => {});
});
afterEach(() => vi.restoreAllMocks());

/** A flight that no hub sends and no page can render. */
const broken = { ...aFlight({ rev: 1 }), departure: null } as unknown as Flight;

async function aBrokenScreen() {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [broken] });
  });
  return page;
}

test('a page that cannot be drawn says so in words, and offers to be reloaded', async () => {
  await aBrokenScreen();
  expect(screen.getByRole('alert')).toHaveTextContent('This page has stopped');
  expect(screen.getByRole('main')).toBeVisible();
  expect(screen.getByRole('button', { name: 'Reload the page' })).toBeVisible();
  expect(screen.getByRole('link', { name: 'Choose an airport' })).toHaveAttribute('href', '/');
});

test('a screen that nobody touches begins anew by itself, with what the hub says then', async () => {
  const page = await aBrokenScreen();
  await page.next(() => page.hub.last.says({ type: 'ping' }), 29_000);
  expect(screen.getByRole('alert')).toBeVisible();
  await page.next(() => page.hub.last.says({ type: 'ping' }), 1_000);
  expect(screen.queryByRole('alert')).toBeNull();
  expect(page.hub.last.asked().at(-1)).toEqual({ op: 'follow', topic: BOARD });
  await page.next(() => {
    const flights = [aFlight({ rev: 2 })];
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights });
  });
  expect(screen.getByText('B6 615')).toBeVisible();
});

test('a page that broke leaves the others alone', async () => {
  const page = await aBrokenScreen();
  await page.next(() => page.goTo('/display/FLL/arrivals'));
  expect(screen.queryByRole('alert')).toBeNull();
  expect(screen.getByRole('heading', { name: 'Arrivals' })).toBeVisible();
});
