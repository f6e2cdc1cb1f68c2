import { BOARD } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { renderAt } from '@/testing/render-at';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';

const MINUTE_MS = 60_000;
const flights = [
  aFlight({ codeshares: ['EI5105'], departure: { gate: '12', estimated: '2013-02-08T21:40:00Z' } }),
  aFlight({
    leg: 'DL-40',
    carrier: 'DL',
    number: '40',
    arrival: { airport: 'ORD' },
    departure: { scheduled: '2013-02-08T20:30:00Z', gate: '7' },
    status: 'boarding',
  }),
];

// jsdom has no layout; a virtual list needs a window of some height to have anything in view.
beforeEach(() => {
  vi.spyOn(window, 'scrollTo').mockImplementation(() => undefined);
  Object.defineProperty(window, 'innerHeight', { value: 900, configurable: true });
});

async function openBoard(address = '/board/JFK/departures') {
  const page = await renderAt(address);
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights });
  });
  return page;
}

const rowOf = (name: string) => {
  const row = screen.getByRole('link', { name }).closest<HTMLElement>('[role="row"]');
  if (!row) throw new Error(`no row has ${name}`);
  return row;
};

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

test('changes are announced together, politely, and not more than every fifteen seconds', async () => {
  const page = await openBoard();
  const announcer = screen.getByTestId('announcer');
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
  expect(announcer).toBeEmptyDOMElement();
  await page.next(() => undefined, 15_000);
  expect(announcer).toHaveTextContent('DL 40 gate 14.');
});

test('all that changed of a flight between two announcements is told, and nothing that came to nothing', async () => {
  const page = await openBoard();
  const announcer = screen.getByTestId('announcer');
  const change = (leg: string, rev: number, set: Record<string, unknown>) =>
    page.hub.last.says({ type: 'change', leg, rev, at: '2013-02-08T20:00:00Z', kinds: [], set });
  const other = flights[0]?.leg ?? '';
  await page.next(() => change('DL-40', 2, { 'departure.gate': '14' }), 2_000);
  await page.next(() => change('DL-40', 3, { status: 'final_call' }), 2_000);
  await page.next(() => change(other, 2, { 'departure.gate': '99' }), 2_000);
  await page.next(() => change(other, 3, { 'departure.gate': '12' }), 15_000);
  expect(announcer).toHaveTextContent(/^DL 40 Final call, gate 14\.$/);
  await page.next(() => change('DL-40', 4, { status: 'delayed', 'departure.gate': null }), 15_000);
  expect(announcer).toHaveTextContent(/^DL 40 Delayed, gate no longer known\.$/);
  await page.next(() => change(other, 4, { 'departure.estimated': '2013-02-08T23:00:00Z' }), 15_000);
  expect(announcer).toHaveTextContent(/^B6 615 Delayed 2 h\.$/);
  await page.next(() => change(other, 5, { 'departure.estimated': '2013-02-08T23:01:00Z' }), 15_000);
  expect(announcer).toHaveTextContent(/^B6 615 Delayed 2 h\.$/);
});

test('the number of flights is told aloud to who opens or searches the board, not whenever one ages out', async () => {
  const page = await openBoard();
  const announcer = screen.getByTestId('count-announcer');
  expect(announcer).toHaveTextContent('2 flights');
  await page.next(() => page.hub.last.says({ type: 'gone', leg: 'DL-40', topic: BOARD }));
  expect(screen.getByText('1 flight')).toBeVisible();
  expect(announcer).toHaveTextContent('2 flights');
  await userEvent.type(screen.getByRole('searchbox', { name: 'Search flights' }), 'b6');
  expect(announcer).toHaveTextContent('1 flight');
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
  for (let minute = 0; minute < 31; minute += 1) {
    await page.next(() => page.hub.last.says({ type: 'ping' }), MINUTE_MS);
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
      flights: [{ ...(flights[1] ?? aFlight()), rev: 2, status: 'departed' }],
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

test('search narrows the board, and the slash key leads to it', async () => {
  await openBoard();
  const user = userEvent.setup();
  await user.keyboard('/');
  expect(screen.getByRole('searchbox', { name: 'Search flights' })).toHaveFocus();
  await user.keyboard('chicago');
  expect(screen.queryByRole('link', { name: 'B6 615' })).toBeNull();
  expect(rowOf('DL 40')).toBeInTheDocument();
  expect(screen.getAllByText('1 flight, 1 more outside of this view')[0]).toBeVisible();
});

test('filters are read from the address, and when nothing fits the way out is offered', async () => {
  await openBoard('/board/JFK/departures?airline=UA');
  expect(screen.getByText('No flight fits')).toBeVisible();
  await userEvent.click(screen.getByRole('button', { name: 'Show all 2 flights' }));
  expect(rowOf('DL 40')).toBeInTheDocument();
});

test('arrow keys move from flight to flight', async () => {
  await openBoard();
  screen.getByRole('link', { name: 'DL 40' }).focus();
  await userEvent.keyboard('{ArrowDown}');
  expect(screen.getByRole('link', { name: 'B6 615' })).toHaveFocus();
  await userEvent.keyboard('{Home}');
  expect(screen.getByRole('link', { name: 'DL 40' })).toHaveFocus();
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

test('the board of an airport without flights has the name and the time of that airport', async () => {
  const airport = { iata: 'LHR', name: 'Heathrow', city: 'London', country: 'GB', zone: 'Europe/London' };
  const page = await renderAt('/board/LHR/departures', {
    '/boards/LHR/departures': { airport, direction: 'departures', as_of: '', flights: [] },
  });
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'snapshot', topic: 'board/LHR/departures', partial: false, flights: [] });
  });
  expect(screen.getByText('London')).toBeVisible();
  expect(screen.getByText('GMT')).toBeVisible();
  expect(screen.getByText('No flights are known for this board')).toBeVisible();
});

test('where midnight is at a quarter past the hour by UTC the day is right from then on', async () => {
  const airport = {
    iata: 'KTM',
    name: 'Tribhuvan',
    city: 'Kathmandu',
    country: 'NP',
    zone: 'Asia/Kathmandu',
  };
  const page = await renderAt('/board/KTM/departures', {
    '/boards/KTM/departures': { airport, direction: 'departures', as_of: '', flights: [] },
  });
  const departure = { airport: 'KTM', scheduled: '2013-02-08T18:20:00Z' };
  await page.next(() => {
    page.hub.last.greets('e1', 25, '2013-02-08T18:14:00Z');
    const topic = 'board/KTM/departures';
    page.hub.last.says({ type: 'snapshot', topic, partial: false, flights: [aFlight({ departure })] });
  }, 600);
  expect(rowOf('B6 615')).toHaveTextContent('00:05Sat 9 Feb');
  await page.next(() => page.hub.last.says({ type: 'ping' }), 40_000);
  await page.next(() => page.hub.last.says({ type: 'ping' }), 40_000);
  expect(rowOf('B6 615')).toHaveTextContent('00:05');
  expect(rowOf('B6 615')).not.toHaveTextContent('Sat 9 Feb');
});

test('an address that is none says so', async () => {
  await renderAt('/board/J/sideways');
  expect(screen.getByRole('heading', { name: 'There is no page at this address' })).toBeVisible();
});
