import { BOARD } from '@/testing/a-client';
import { FLIGHTS, giveTheWindowAHeight, openBoard } from '@/testing/open-board';
import { screen } from '@testing-library/react';
import { renderAt } from '@/testing/render-at';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';

beforeEach(giveTheWindowAHeight);

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
  const other = FLIGHTS[0]?.leg ?? '';
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
  await page.next(() => undefined, 4_000);
  expect(announcer).toBeEmptyDOMElement();
  await page.next(() => page.hub.last.says({ type: 'gone', leg: 'DL-40', topic: BOARD }));
  expect(screen.getByText('1 flight')).toBeVisible();
  expect(announcer).toBeEmptyDOMElement();
  await userEvent.type(screen.getByRole('searchbox', { name: 'Search flights' }), 'b6');
  expect(announcer).toHaveTextContent('1 flight');
});

test('an answer that names make another one is told again, and none is left to be read when it is old', async () => {
  let names: ((body: unknown) => void) | null = null;
  const later = () => new Promise((give) => (names = give));
  const page = await renderAt('/board/JFK/departures?q=chicago', { '/airports': later });
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: FLIGHTS });
  });
  const announcer = screen.getByTestId('count-announcer');
  expect(announcer).toHaveTextContent('0 flights');
  const airports = [
    { iata: 'ORD', name: 'O’Hare', city: 'Chicago', country: 'US', zone: 'America/Chicago', flights: 1 },
  ];
  await page.next(() => names?.({ airports }));
  await page.next(() => undefined);
  expect(announcer).toHaveTextContent('1 flight');
  await page.next(() => undefined, 4_000);
  expect(announcer).toBeEmptyDOMElement();
});
