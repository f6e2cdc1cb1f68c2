import { ApiProblem } from '@/lib/api/api-problem';
import { aFlight } from '@/testing/a-flight';
import { renderAt } from '@/testing/render-at';
import type { Flight } from '@/wire/types';
import { screen, within } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { beforeEach, expect, test, vi } from 'vitest';

beforeEach(() => {
  vi.spyOn(window, 'scrollTo').mockImplementation(() => undefined);
  Element.prototype.scrollIntoView = () => undefined;
});

const B6703 = aFlight({ leg: 'B6-703', number: '703', codeshares: ['EI5103'] });
const B6705 = aFlight({ leg: 'B6-705', number: '705', departure: { scheduled: '2013-02-08T23:00:00Z' } });
const gone = aFlight({ leg: 'gone', number: '1', status: 'arrived' });

/** A hub whose results a test sets, by the search text and whether the flight is still to come. */
async function home(coming: Record<string, Flight[]>, past: Record<string, Flight[]> = {}) {
  const asked: string[] = [];
  const answers: Record<string, unknown> = {};
  const paths = (q: string, limit: number) => `/flights?q=${encodeURIComponent(q)}&limit=${limit}`;
  const found = (list: Flight[] | undefined, path: string) => () => {
    asked.push(path);
    return { as_of: '2013-02-08T20:00:00Z', silent_sources: [], flights: list ?? [], next: null };
  };
  for (const q of new Set([...Object.keys(coming), ...Object.keys(past)])) {
    const from = '&from=2013-02-08T19:00:00Z';
    answers[paths(q, 40) + from] = found(coming[q], paths(q, 40) + from);
    answers[paths(q, 8)] = found([...(past[q] ?? []), ...(coming[q] ?? [])], paths(q, 8));
  }
  const page = await renderAt('/', answers);
  await page.next(() => page.hub.last.greets());
  const field = screen.getByRole('combobox', { name: 'Search flights and airports' });
  /** Types, and waits as the page does before it asks. */
  const type = async (words: string) => {
    await userEvent.type(field, words);
    await page.next(() => undefined, 40);
    await page.next(() => undefined, 60);
    await page.next(() => undefined);
  };
  return { page, field, type, asked };
}

test('a flight whose time has moved shows the new time first, and the planned one', async () => {
  const late = aFlight({
    leg: 'B6-703',
    number: '703',
    departure: { scheduled: '2013-02-08T21:00:00Z', estimated: '2013-02-08T22:45:00Z' },
  });
  const { type } = await home({ 'B6 703': [late] });
  await type('B6 703');
  expect(screen.getByRole('option')).toHaveTextContent('17:45 EST, planned 16:00 EST');
});

test('flights are found while typing, and asked for once a pause', async () => {
  const { type, asked } = await home({ 'B6 70': [B6703, B6705] });
  await type('B6 70');
  const list = screen.getByRole('group', { name: 'Flights' });
  expect(
    within(list)
      .getAllByRole('option')
      .map((one) => one.getAttribute('href')),
  ).toEqual(['/flight/B6-703', '/flight/B6-705']);
  expect(within(list).getAllByRole('option')[0]).toHaveTextContent(
    'B6 703New York JFK to Fort Lauderdale FLL16:00 EST, also sold as EI 5103',
  );
  expect(screen.getByText('Found: 2 flights.')).toBeInTheDocument();
  expect(asked.every((path) => path.includes('q=B6%2070&'))).toBe(true);
});

test('flights that are to come stand before those that have left, each once', async () => {
  const { type } = await home({ jetblue: [B6703] }, { jetblue: [gone] });
  await type('jetblue');
  const names = screen.getAllByRole('option').map((one) => one.getAttribute('href'));
  expect(names).toEqual(['/flight/B6-703', '/flight/gone']);
});

test('a flight that left within the hour stands behind those that are to leave', async () => {
  const left = aFlight({ leg: 'left', number: '2', status: 'departed' });
  const { type } = await home({ jetblue: [left, B6703] });
  await type('jetblue');
  const names = screen.getAllByRole('option').map((one) => one.getAttribute('href'));
  expect(names).toEqual(['/flight/B6-703', '/flight/left']);
});

test('Enter opens the only hit', async () => {
  const { type, page } = await home({ B6703: [B6703] });
  await type('B6703');
  await userEvent.keyboard('{Enter}');
  await page.next(() => undefined);
  expect(screen.queryByRole('combobox')).toBeNull();
  expect(screen.getByRole('heading', { level: 1 })).toHaveFocus();
});

test('Enter that was faster than the hub opens the only hit once it is there', async () => {
  const { field, page } = await home({ 'B6 703': [B6703] });
  await userEvent.type(field, 'B6 703{Enter}');
  expect(field).toBeVisible();
  await page.next(() => undefined, 300);
  await page.next(() => undefined);
  expect(screen.queryByRole('combobox')).toBeNull();
});

test('Enter among several hits opens none by chance, and the one that was chosen', async () => {
  const { field, type, page } = await home({ 'to FLL': [B6703, B6705] });
  await type('to FLL');
  await userEvent.keyboard('{Enter}');
  expect(field).toBeVisible();
  await userEvent.keyboard('{ArrowDown}{ArrowDown}');
  const chosen = screen.getByRole('option', { selected: true });
  expect(chosen).toHaveTextContent('B6 705');
  expect(field).toHaveAttribute('aria-activedescendant', chosen.id);
  expect(field).toHaveFocus();
  await userEvent.keyboard('{ArrowUp}{ArrowUp}');
  expect(screen.getByRole('option', { selected: true })).toHaveTextContent('B6 705');
  await userEvent.keyboard('{Enter}');
  await page.next(() => undefined);
  expect(screen.queryByRole('combobox')).toBeNull();
});

test('an airport’s code opens its board, whatever flights there are', async () => {
  const { type, page } = await home({ ord: [B6703, B6705] });
  await type('ord');
  expect(screen.getByRole('group', { name: 'Airports' })).toHaveTextContent('ORDChicago');
  await userEvent.keyboard('{Enter}');
  await page.next(() => undefined);
  expect(screen.getByRole('heading', { level: 1, name: 'Departures' })).toBeVisible();
});

test('Escape closes the list, and then empties the field', async () => {
  const { field, type } = await home({ B6703: [B6703] });
  await type('B6703');
  expect(field).toHaveAttribute('aria-expanded', 'true');
  await userEvent.keyboard('{Escape}');
  expect(field).toHaveAttribute('aria-expanded', 'false');
  expect(field).toHaveValue('B6703');
  await userEvent.keyboard('{Escape}');
  expect(field).toHaveValue('');
});

test('what is not found is said with ways to look for it', async () => {
  const { type } = await home({ 'ZZ 9': [] });
  await type('ZZ 9');
  expect(screen.getByText('No flight and no airport fits')).toBeVisible();
  expect(screen.getByText('No flight and no airport fits.')).toBeInTheDocument();
});

test('a hub that cannot be asked is not taken for one that finds nothing', async () => {
  const fails = () => {
    throw new ApiProblem(503, 'The hub is busy.');
  };
  const page = await renderAt('/', { '/flights?q=zz&limit=40&from=2013-02-08T19:00:00Z': fails });
  await page.next(() => page.hub.last.greets());
  await userEvent.type(screen.getByRole('combobox'), 'zz');
  await page.next(() => undefined, 200);
  await page.next(() => undefined);
  expect(screen.getByText('Flights cannot be searched at the moment')).toBeVisible();
  expect(screen.queryByText('No flight and no airport fits')).toBeNull();
});

test('a result that has stood for hours does not go on saying "Boarding"', async () => {
  const boarding = aFlight({
    leg: 'B6-703',
    number: '703',
    status: 'boarding',
    departure: { scheduled: '2013-02-08T20:30:00Z' },
  });
  const { type, page } = await home({ 'B6 70': [boarding, B6705] });
  await type('B6 70');
  expect(screen.getByText('Boarding')).toBeVisible();
  for (let minute = 0; minute < 120; minute += 1) await page.next(() => undefined, 60_000);
  expect(screen.queryByText('Boarding')).toBeNull();
  expect(screen.getAllByText('Not confirmed').length).toBeGreaterThan(0);
}, 20_000);
