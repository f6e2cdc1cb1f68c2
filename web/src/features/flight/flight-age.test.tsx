import { aFlight } from '@/testing/a-flight';
import { openBoard } from '@/testing/open-board';
import { renderAt } from '@/testing/render-at';
import { screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';

const MINUTE_MS = 60_000;
const boarding = aFlight({
  leg: 'DL-40',
  carrier: 'DL',
  number: '40',
  arrival: { airport: 'ORD' },
  departure: { scheduled: '2013-02-08T20:30:00Z', gate: '7' },
  status: 'boarding',
});
const pill = () => document.querySelector('[data-link]');

async function openFlight() {
  const page = await renderAt(`/flight/${boarding.leg}`);
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'snapshot', topic: 'flight/DL-40', partial: false, flights: [boarding] });
  });
  return page;
}

test('a flight that is opened while the link is lost is as old as its board, and says so', async () => {
  const page = await openBoard();
  await page.next(() => page.hub.last.drops(), 40 * MINUTE_MS);
  await page.next(() => page.goTo('/flight/DL-40'));
  expect(pill()).toHaveAttribute('data-link', 'stale');
  expect(pill()).toHaveTextContent('Stale since 15:00 EST, 40 min old');
  expect(within(screen.getAllByRole('status')[0] ?? document.body).getByText('Not confirmed')).toBeVisible();
  expect(screen.queryByText(/Connecting/)).toBeNull();
  // Long after the board itself is no longer followed, the flight is still there, and so is the way back.
  await page.next(() => undefined, 5 * MINUTE_MS);
  expect(screen.getByRole('heading', { level: 1 })).toHaveTextContent('DL 40');
  await page.next(() => page.goTo('/board/JFK/departures'));
  expect(screen.getByRole('link', { name: 'DL 40' })).toBeVisible();
});

test('back on the link such a flight is old until the hub has told of it', async () => {
  const page = await openBoard();
  await page.next(() => page.hub.last.drops(), 1_000);
  await page.next(() => page.goTo('/flight/DL-40'));
  await page.next(() => page.hub.last.greets());
  expect(pill()).toHaveAttribute('data-link', 'reconnecting');
  await page.next(() =>
    page.hub.last.says({ type: 'snapshot', topic: 'flight/DL-40', partial: false, flights: [boarding] }),
  );
  expect(pill()).toHaveAttribute('data-link', 'live');
});

test('the sign of the page needs no fetching', async () => {
  await openFlight();
  expect(document.querySelector('header img')).toBeNull();
});

test('what a silent airport has said is taken back when time has made it false, the other end is not', async () => {
  const page = await openFlight();
  const since = '2013-02-08T20:01:00Z';
  await page.next(() => page.hub.last.says({ type: 'source', feed: 'jfk', airport: 'JFK', since }), 3_000);
  for (let past_ms = 0; past_ms < 32 * MINUTE_MS; past_ms += 45_000) {
    await page.next(() => page.hub.last.says({ type: 'ping' }), 45_000);
  }
  expect(pill()).toHaveAttribute('data-link', 'silent');
  expect(pill()).toHaveTextContent('JFK silent since 15:00 EST');
  expect(
    screen.getByText('JFK’s own data has been silent since 15:00 EST.', { selector: 'strong' }),
  ).toBeVisible();
  expect(screen.getByText('Not confirmed')).toBeVisible();
  expect(screen.queryByRole('listitem', { current: 'step' })).toBeNull();
  await page.next(() => page.hub.last.says({ type: 'source', feed: 'jfk', airport: 'JFK', since: null }));
  expect(pill()).toHaveAttribute('data-link', 'live');
  expect(screen.getByRole('listitem', { current: 'step' })).toHaveTextContent('Boarding');
});
