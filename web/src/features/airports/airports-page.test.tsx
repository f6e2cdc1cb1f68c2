import { matchAirports } from '@/features/airports/match-airports';
import { renderAt } from '@/testing/render-at';
import { screen } from '@testing-library/react';
import userEvent from '@testing-library/user-event';
import { expect, test } from 'vitest';

test('airports are offered with the ways to their boards, and a search narrows them', async () => {
  await renderAt('/');
  expect(screen.getByRole('link', { name: 'Departures from New York JFK' })).toHaveAttribute(
    'href',
    '/board/JFK/departures',
  );
  await userEvent.type(screen.getByRole('searchbox', { name: 'Search airports' }), 'chic');
  expect(screen.queryByRole('link', { name: 'Departures from New York JFK' })).toBeNull();
  expect(screen.getByRole('link', { name: 'Arrivals at Chicago ORD' })).toBeVisible();
});

test('who opens the page learns that the day is a replay, and of which year', async () => {
  const page = await renderAt('/');
  expect(screen.queryByText(/replay/)).toBeNull();
  await page.next(() => page.hub.last.greets(), 600);
  expect(screen.getByText('Friday 8 February 2013 · replay')).toBeVisible();
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
