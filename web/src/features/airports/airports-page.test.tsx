import { ApiProblem } from '@/lib/api/api-problem';
import { matchAirports } from '@/features/airports/match-airports';
import { renderAt } from '@/testing/render-at';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test, vi } from 'vitest';

test('airports are offered with the ways to their boards, and a search narrows them', async () => {
  await renderAt('/');
  expect(screen.getByRole('link', { name: 'Departures from New York JFK' })).toHaveAttribute(
    'href',
    '/board/JFK/departures',
  );
  await userEvent.type(screen.getByRole('combobox'), 'chic');
  expect(screen.queryByRole('link', { name: 'Departures from New York JFK' })).toBeNull();
  expect(screen.getByRole('link', { name: 'Arrivals at Chicago ORD' })).toBeVisible();
});

test('who opens the page learns that the day is a replay, and of which year', async () => {
  const page = await renderAt('/');
  expect(screen.queryByText(/replay/)).toBeNull();
  await page.next(() => page.hub.last.greets(), 600);
  expect(screen.getByText(/^Friday 8 February 2013, \d\d:\d\d \w{3} · replay$/)).toBeVisible();
});

test('the numbers of flights are asked for anew each minute, and said to be old when that fails', async () => {
  let flights = 0;
  let isAway = false;
  const answer = () => {
    if (isAway) throw new ApiProblem(0, 'The hub cannot be reached at the moment.');
    const oslo = { iata: 'OSL', name: 'Gardermoen', city: 'Oslo', country: 'NO', zone: 'Europe/Oslo' };
    return { airports: flights === 0 ? [] : [{ ...oslo, flights }] };
  };
  const page = await renderAt('/', { '/airports': answer });
  await page.next(() => undefined);
  expect(screen.getByText('No airport has flights at the moment')).toBeVisible();
  flights = 7;
  await page.next(() => undefined, 60_000);
  expect(screen.getByText(/7 flights/)).toBeVisible();
  isAway = true;
  await page.next(() => undefined, 60_000);
  expect(screen.getByText(/^Airports and numbers of flights may be out of date/)).toBeVisible();
  expect(screen.getByText(/7 flights/)).toBeVisible();
  [flights, isAway] = [9, false];
  await page.next(() => undefined, 10_000);
  expect(screen.getByText(/9 flights/)).toBeVisible();
  expect(screen.queryByText(/out of date/)).toBeNull();
});

test('who comes back to the page after a while is shown numbers of now', async () => {
  let flights = 7;
  const jfk = { iata: 'JFK', name: 'J', city: 'New York', country: 'US', zone: 'America/New_York' };
  const page = await renderAt('/', { '/airports': () => ({ airports: [{ ...jfk, flights }] }) });
  const visibility = vi.spyOn(document, 'visibilityState', 'get').mockReturnValue('hidden');
  flights = 9;
  await page.next(() => undefined, 3 * 60_000);
  expect(screen.getByText(/7 flights/)).toBeVisible();
  visibility.mockReturnValue('visible');
  await page.next(() => document.dispatchEvent(new Event('visibilitychange')));
  expect(screen.getByText(/9 flights/)).toBeVisible();
  visibility.mockRestore();
});

test('an exact code comes before busier airports that merely have the letters', () => {
  const airport = (iata: string, city: string, flights: number) => ({
    iata,
    city,
    name: city,
    country: 'US',
    zone: 'UTC',
    flights,
  });
  const found = matchAirports([airport('BOS', 'Laxford', 900), airport('LAX', 'Los Angeles', 3)], 'lax');
  expect(found.map((one) => one.iata)).toEqual(['LAX', 'BOS']);
});
