import { BOARD } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { FLIGHTS, giveTheWindowAHeight, openBoard, rowOf } from '@/testing/open-board';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test, vi } from 'vitest';

beforeEach(giveTheWindowAHeight);

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

test('arrow keys move from flight to flight', async () => {
  await openBoard();
  screen.getByRole('link', { name: 'DL 40' }).focus();
  await userEvent.keyboard('{ArrowDown}');
  expect(screen.getByRole('link', { name: 'B6 615' })).toHaveFocus();
  await userEvent.keyboard('{Home}');
  expect(screen.getByRole('link', { name: 'DL 40' })).toHaveFocus();
});

test('a row that has the focus keeps it when the board is scrolled far away from it', async () => {
  const height = vi.spyOn(HTMLElement.prototype, 'offsetHeight', 'get').mockReturnValue(54);
  const page = await openBoard();
  const more = Array.from({ length: 120 }, (_, index) =>
    aFlight({
      leg: `N-${index}`,
      number: String(1000 + index),
      departure: { scheduled: '2013-02-08T22:00:00Z' },
    }),
  );
  await page.next(() =>
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [...FLIGHTS, ...more] }),
  );
  const first = screen.getByRole('link', { name: 'DL 40' });
  first.focus();
  await page.next(() => {
    Object.defineProperty(window, 'scrollY', { value: 5_000, configurable: true });
    window.dispatchEvent(new Event('scroll'));
  });
  expect(screen.queryByRole('link', { name: 'B6 615' })).toBeNull();
  expect(first).toHaveFocus();
  Object.defineProperty(window, 'scrollY', { value: 0, configurable: true });
  height.mockRestore();
});

test('no cell is taken out of the table where there is no room to show it', () => {
  const rules = readFileSync(join(import.meta.dirname, 'board-table.module.css'), 'utf8');
  expect(rules).toContain('.desk');
  expect(rules).not.toContain('display: none');
});
