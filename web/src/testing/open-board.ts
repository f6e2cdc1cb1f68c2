import { BOARD } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { renderAt } from '@/testing/render-at';
import { screen } from '@testing-library/react';
import { vi } from 'vitest';

/** B6 615 to Fort Lauderdale, forty minutes late, and DL 40 to Chicago, boarding. */
export const FLIGHTS = [
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

/** jsdom has no layout; a virtual list needs a window of some height to have anything in view. */
export function giveTheWindowAHeight(): void {
  vi.spyOn(window, 'scrollTo').mockImplementation(() => undefined);
  Object.defineProperty(window, 'innerHeight', { value: 900, configurable: true });
}

/** The page of a board that the hub has sent as a whole. */
export async function openBoard(address = '/board/JFK/departures') {
  const page = await renderAt(address);
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: FLIGHTS });
  });
  return page;
}

export function rowOf(name: string): HTMLElement {
  const row = screen.getByRole('link', { name }).closest<HTMLElement>('[role="row"]');
  if (!row) throw new Error(`no row has ${name}`);
  return row;
}
