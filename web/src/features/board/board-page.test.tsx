import { BOARD } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { FLIGHTS, giveTheWindowAHeight, openBoard, rowOf } from '@/testing/open-board';
import { renderAt } from '@/testing/render-at';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';

const MINUTE_MS = 60_000;

beforeEach(giveTheWindowAHeight);

test('a board says when, where to, which flight, the gate and how it stands, in the airport’s time', async () => {
  await openBoard();
  const table = screen.getByRole('table', { name: 'Departures JFK' });
  expect(table).toHaveAttribute('aria-rowcount', '3');
  expect(screen.getByText('EST')).toBeVisible();
  const row = rowOf('B6 615');
  expect(row).toHaveTextContent('16:00');
  expect(row).toHaveTextContent('16:40');
  expect(within(row).getByText('16:00').closest('s')).not.toBeNull();
  expect(row).toHaveTextContent('Fort Lauderdale');
  expect(row).toHaveTextContent('EI 5105');
  expect(row).toHaveTextContent('Delayed 40 min');
  expect(rowOf('DL 40')).toHaveTextContent('Boarding');
});

test('a change appears in its cell, says that it is one, and is unmarked after a while', async () => {
  const page = await openBoard();
  await page.next(() =>
    page.hub.last.says({
      type: 'change',
      leg: 'DL-40',
      rev: 2,
      at: '2013-02-08T20:00:00Z',
      kinds: ['gate'],
      set: { 'departure.gate': '14' },
    }),
  );
  expect(rowOf('DL 40')).toHaveTextContent('14 (changed)');
  await page.next(() => undefined, 10_000);
  expect(rowOf('DL 40')).not.toHaveTextContent('(changed)');
  expect(rowOf('DL 40')).toHaveTextContent('14');
});

test('with the link lost the board stays, says how old it is, and takes "Boarding" back once it is past', async () => {
  const page = await openBoard();
  expect(screen.getByText(/^as of 15:00 EST/)).toBeInTheDocument();
  await page.next(() => page.hub.last.drops(), 2_000);
  expect(screen.getByText(/Reconnecting, as of 15:00 EST/)).toBeVisible();
  await page.next(() => undefined, 31 * MINUTE_MS);
  expect(screen.getByText(/Stale since 15:00 EST, 31 min old/)).toBeVisible();
  expect(rowOf('DL 40')).toHaveTextContent('Not confirmed');
  expect(rowOf('DL 40')).toHaveTextContent('was Boarding');
  expect(screen.getByRole('button', { name: 'Try now' })).toBeVisible();
});

test('with live updates interrupted the board says since when, once and politely, until it is over', async () => {
  const page = await openBoard();
  const announcer = screen.getByTestId('link-announcer');
  await page.next(() =>
    page.hub.last.says({ type: 'upstream', current: false, since: '2013-02-08T19:48:00.500Z' }),
  );
  expect(screen.getByText('Live updates are interrupted. As of 14:48 EST.')).toBeVisible();
  expect(screen.getByText('Interrupted, as of 14:48 EST, 12 min old')).toBeVisible();
  expect(screen.queryByText(/connection/i)).toBeNull();
  expect(screen.queryByRole('button', { name: 'Try now' })).toBeNull();
  const said: string[] = [];
  const watch = new MutationObserver(() => said.push(announcer.textContent));
  watch.observe(announcer, { childList: true, characterData: true, subtree: true });
  expect(announcer).toHaveTextContent('Live updates are interrupted. Showing what was known at 14:48 EST.');
  for (let half = 0; half < 62; half += 1) {
    await page.next(() => page.hub.last.says({ type: 'ping' }), MINUTE_MS / 2);
  }
  expect(screen.getByText('Interrupted, as of 14:48 EST, 43 min old')).toBeVisible();
  expect(rowOf('DL 40')).toHaveTextContent('Not confirmed');
  expect(rowOf('DL 40')).toHaveTextContent('was Boarding');
  expect(said).toEqual([]);
  await page.next(() => page.hub.last.says({ type: 'upstream', current: true, since: null }));
  expect(said).toEqual(['']);
  watch.disconnect();
  expect(screen.getByText('Live')).toBeVisible();
  expect(screen.queryByText(/interrupted/i)).toBeNull();
  expect(rowOf('DL 40')).toHaveTextContent('Boarding');
  expect(rowOf('DL 40')).not.toHaveTextContent('Not confirmed');
});

test('back on the link the board is live again and what is true is said', async () => {
  const page = await openBoard();
  await page.next(() => page.hub.last.drops(), 40 * MINUTE_MS);
  await page.next(() => {
    page.hub.last.greets('e1');
    page.hub.last.says({
      type: 'snapshot',
      topic: BOARD,
      partial: true,
      flights: [{ ...(FLIGHTS[1] ?? aFlight()), rev: 2, status: 'departed' }],
    });
  });
  expect(screen.getByText('Live')).toBeVisible();
  expect(rowOf('DL 40')).toHaveTextContent('Departed');
});

test('back on the link the board is as old as it was until the hub has told what was missed', async () => {
  const page = await openBoard();
  await page.next(() => page.hub.last.drops(), 1_000);
  await page.next(() => page.hub.last.greets(), 2_000);
  const pill = () => document.querySelector('[data-link]');
  expect(pill()).toHaveAttribute('data-link', 'reconnecting');
  expect(pill()).toHaveTextContent('Reconnecting, as of 15:00 EST');
  await page.next(() => page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: true, flights: [] }));
  expect(pill()).toHaveAttribute('data-link', 'live');
});

test('a link that is lost again before the hub has told anything makes the board no younger', async () => {
  const page = await openBoard();
  await page.next(() => page.hub.last.drops(), 2 * MINUTE_MS);
  expect(screen.getByText(/^Stale since 15:00 EST/)).toBeVisible();
  await page.next(() => page.hub.last.greets('e1', 25, '2013-02-08T20:02:00Z'));
  await page.next(() => page.hub.last.drops(), 2_000);
  expect(document.querySelector('[data-link]')).toHaveTextContent('Reconnecting, as of 15:00 EST');
});

test('filters are read from the address, and when nothing fits the way out is offered', async () => {
  await openBoard('/board/JFK/departures?airline=UA');
  expect(screen.getByText('No flight fits')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Show all 2 flights' }));
  expect(rowOf('DL 40')).toBeInTheDocument();
});

test('a board the hub refuses is said to be none, in its words', async () => {
  const page = await renderAt('/board/QQQ/departures');
  await page.next(() => {
    page.hub.last.greets();
    const { ref = null } = page.hub.last.sent[0] as { ref?: number };
    page.hub.last.says({ type: 'error', ref, code: 'unknown_topic', message: 'QQQ is no airport' });
  });
  expect(screen.getByText('There is no such board')).toBeVisible();
  expect(screen.getByText('QQQ is no airport')).toBeVisible();
  expect(document.querySelector('[data-link]')).toBeNull();
});

test('an address that is none says so', async () => {
  await renderAt('/board/J/sideways');
  expect(screen.getByRole('heading', { name: 'There is no page at this address' })).toBeVisible();
});
