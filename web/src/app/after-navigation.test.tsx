import { BOARD } from '@/testing/a-client';
import { FLIGHTS, giveTheWindowAHeight, openBoard } from '@/testing/open-board';
import { act, screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test } from 'vitest';

beforeEach(giveTheWindowAHeight);

/** Observers of the document are notified a moment later. */
const settled = () => act(async () => Promise.resolve());

test('who follows a link is at the heading of the page it leads to', async () => {
  await openBoard();
  await userEvent.click(screen.getByRole('link', { name: 'B6 615' }));
  expect(screen.getByRole('heading', { level: 1, name: /^B6 615/ })).toHaveFocus();
});

test('a heading that gives way to another one gives the focus to it', async () => {
  const page = await openBoard();
  await page.next(() => page.goTo('/flight/AA-1'));
  expect(screen.getByRole('heading', { level: 1, name: 'Fetching the flight…' })).toHaveFocus();
  await page.next(() => {
    const flight = { ...FLIGHTS[0], leg: 'AA-1', carrier: 'AA', number: '1' };
    page.hub.last.saysText(
      JSON.stringify({ type: 'snapshot', topic: 'flight/AA-1', partial: false, flights: [flight] }),
    );
  });
  await settled();
  expect(screen.getByRole('heading', { level: 1, name: /^AA 1/ })).toHaveFocus();
});

test('who goes back is at the link that was followed', async () => {
  const page = await openBoard();
  await userEvent.click(screen.getByRole('link', { name: 'DL 40' }));
  await page.next(() => page.goBack());
  expect(screen.getByRole('link', { name: 'DL 40' })).toHaveFocus();
});

test('who goes back to a board that is fetched again is at its heading, and at the link once it is there', async () => {
  const page = await openBoard();
  await userEvent.click(screen.getByRole('link', { name: 'DL 40' }));
  // Longer than the store keeps an unwatched board.
  await page.next(() => undefined, 5_000);
  await page.next(() => page.goBack());
  expect(screen.getByRole('heading', { level: 1, name: 'Departures' })).toHaveFocus();
  await page.next(() =>
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: FLIGHTS }),
  );
  await settled();
  expect(screen.getByRole('link', { name: 'DL 40' })).toHaveFocus();
});

test('who has done something since keeps the focus where it is', async () => {
  const page = await openBoard();
  await userEvent.click(screen.getByRole('link', { name: 'DL 40' }));
  await page.next(() => undefined, 5_000);
  await page.next(() => page.goBack());
  await userEvent.keyboard('/');
  expect(screen.getByRole('searchbox', { name: 'Search flights' })).toHaveFocus();
  await page.next(() =>
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: FLIGHTS }),
  );
  await settled();
  expect(screen.getByRole('searchbox', { name: 'Search flights' })).toHaveFocus();
});
