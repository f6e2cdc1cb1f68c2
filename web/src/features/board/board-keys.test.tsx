import { giveTheWindowAHeight, openBoard, rowOf } from '@/testing/open-board';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, expect, test } from 'vitest';

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

test('no cell is taken out of the table where there is no room to show it', () => {
  const rules = readFileSync(join(import.meta.dirname, 'board-table.module.css'), 'utf8');
  expect(rules).toContain('.desk');
  expect(rules).not.toContain('display: none');
});
