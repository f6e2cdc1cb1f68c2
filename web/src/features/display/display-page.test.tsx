import { selectForDisplay } from '@/features/display/select-for-display';
import { BOARD } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { renderAt } from '@/testing/render-at';
import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';

const MINUTE_MS = 60_000;
const now = Date.parse('2013-02-08T20:00:00Z');
const at = (minutes: number) => new Date(now + minutes * MINUTE_MS).toISOString();

test('a hall sees what is of use there: not who left long ago, and not who leaves tomorrow', () => {
  const flights = [
    aFlight({ leg: 'left', status: 'departed', departure: { scheduled: at(-30), actual: at(-20) } }),
    aFlight({ leg: 'just-left', status: 'departed', departure: { scheduled: at(-30), actual: at(-5) } }),
    aFlight({ leg: 'cancelled', status: 'cancelled', departure: { scheduled: at(-40), estimated: at(200) } }),
    aFlight({ leg: 'soon', departure: { scheduled: at(60) } }),
    aFlight({ leg: 'tomorrow', departure: { scheduled: at(900) } }),
  ];
  const legs = selectForDisplay(flights, 'departures', now, 72).map((flight) => flight.leg);
  expect(legs).toEqual(['cancelled', 'just-left', 'soon']);
});

test('after hours without news what is past leaves most of the screen to what is to come', () => {
  const flights = Array.from({ length: 300 }, (_, index) => {
    const minutes = index - 150;
    return aFlight({ leg: `in ${minutes}`, departure: { scheduled: at(minutes) } });
  });
  const legs = selectForDisplay(flights, 'departures', now, 72).map((flight) => flight.leg);
  expect(legs).toHaveLength(72);
  expect(legs.slice(0, 1)).toEqual(['in -23']);
  expect(legs.slice(23, 25)).toEqual(['in 0', 'in 1']);
  expect(legs.at(-1)).toBe('in 48');
});

test('where many flights are late, those that leave soon have the screen, and stand by their schedule', () => {
  const late = Array.from({ length: 100 }, (_, index) =>
    aFlight({ leg: `late ${index}`, departure: { scheduled: at(-120), estimated: at(60 + index) } }),
  );
  const soon = aFlight({ leg: 'soon', departure: { scheduled: at(20) } });
  const legs = selectForDisplay([...late, soon], 'departures', now, 72).map((flight) => flight.leg);
  expect(legs).toHaveLength(72);
  expect(legs).toContain('late 0');
  expect(legs).not.toContain('late 99');
  expect(legs.at(-1)).toBe('soon');
});

test('a flight cancelled after it was put off has no empty new time that is marked', async () => {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => {
    page.hub.last.greets();
    const flight = aFlight({ departure: { scheduled: at(60), estimated: at(90) } });
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [flight] });
  });
  await page.next(() =>
    page.hub.last.says({
      type: 'change',
      leg: aFlight().leg,
      rev: 2,
      at: at(0),
      kinds: ['cancelled', 'time'],
      set: { status: 'cancelled', 'departure.estimated': null },
    }),
  );
  expect(screen.getByText('Cancelled')).toBeVisible();
  const marked = [...document.querySelectorAll('[data-changed]')].map((one) => one.textContent);
  expect(marked).toEqual(['Cancelled (changed)']);
});

test.each([
  [-1, false],
  [4, false],
  [5, true],
  [-5, true],
])('a flight that leaves %i minutes off its schedule has it struck: %o', async (minutes, isStruck) => {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => {
    page.hub.last.greets();
    const flight = aFlight({ departure: { scheduled: at(60), estimated: at(60 + minutes) } });
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [flight] });
  });
  expect(screen.getByText('16:00').closest('s') !== null).toBe(isStruck);
});

test.each([
  [
    ['5', '8'],
    ['T5', 'T8'],
  ],
  [['5', '5'], []],
])('gates of terminals %o are shown with %o', async (terminals, shown) => {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => {
    page.hub.last.greets();
    const flights = terminals.map((terminal, index) =>
      aFlight({ leg: `leg ${index}`, departure: { scheduled: at(60), terminal, gate: '3' } }),
    );
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights });
  });
  // Nothing is laid out here, so a page has room for one row.
  const [first] = shown;
  if (first === undefined) expect(document.body).not.toHaveTextContent('Terminal');
  else expect(screen.getByText('Terminal').parentElement).toHaveTextContent(`Terminal ${first}`);
});

test('while the hub does not answer a screen without a board says so, and does not look like a quiet day', async () => {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => page.hub.last.drops(), 2 * MINUTE_MS);
  expect(screen.getByText('Waiting for the board')).toBeVisible();
  expect(screen.getByText(/^No board yet. Please also listen/)).toBeVisible();
  expect(screen.queryByText(/as of/i)).toBeNull();
});

test('a screen of an airport that there is not says why it has no board', async () => {
  const page = await renderAt('/display/JFC/departures');
  await page.next(() => {
    page.hub.last.greets();
    const { ref = null } = page.hub.last.sent[0] as { ref?: number };
    page.hub.last.says({ type: 'error', ref, code: 'unknown_topic', message: 'no airport is called JFC' });
  });
  expect(screen.getByText('This board cannot be shown')).toBeVisible();
  expect(screen.getByText('no airport is called JFC')).toBeVisible();
  expect(screen.getByText(/^This board is refused \(no airport is called JFC\)/)).toBeVisible();
  expect(screen.queryByText(/as of/i)).toBeNull();
});

test('a screen that is refused before it had a board claims none of any age', async () => {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => page.hub.last.drops(4102));
  expect(screen.getByText('This board cannot be shown')).toBeVisible();
  expect(screen.getByText('The hub does not serve pages from this address.')).toBeVisible();
  expect(screen.queryByText(/as of/i)).toBeNull();
});

test('a quiet day is said to be one, and once the link is lost no longer', async () => {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [] });
  });
  expect(screen.getByText('No departures in the next 6 hours')).toBeVisible();
  await page.next(() => page.hub.last.drops(), MINUTE_MS);
  expect(screen.getByText('No departures can be shown')).toBeVisible();
});

test('with the link lost a screen keeps its board, says how old it is, and drops what may be false', async () => {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => {
    page.hub.last.greets();
    const flight = aFlight({ status: 'boarding', departure: { scheduled: at(5) } });
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [flight] });
  });
  expect(screen.getByText('Boarding')).toBeVisible();
  expect(screen.getByText('New York JFK · Friday 8 February 2013 · replay')).toBeVisible();
  await page.next(() => page.hub.last.drops(), 10 * MINUTE_MS);
  expect(screen.getByText(/No connection. Board as of 15:00 EST, 10 min old/)).toBeVisible();
  expect(screen.getByText('B6 615')).toBeVisible();
  expect(screen.queryByText('Boarding')).toBeNull();
  expect(screen.getByText('Not confirmed')).toBeVisible();
});

test('with live updates interrupted a screen keeps its board, says since when, and drops what may be false', async () => {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'upstream', current: false, since: at(-8) });
    const flight = aFlight({ status: 'boarding', departure: { scheduled: at(-1) } });
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [flight] });
  });
  expect(
    screen.getByText(/^Live updates are interrupted. Board as of 14:52 EST, 8 min old. Please also listen/),
  ).toBeVisible();
  expect(screen.queryByText(/No connection/)).toBeNull();
  expect(screen.getByText('B6 615')).toBeVisible();
  expect(screen.queryByText('Boarding')).toBeNull();
  expect(screen.getByText('Not confirmed')).toBeVisible();
  expect(screen.getByRole('status')).toHaveTextContent('Live updates are interrupted.');
  await page.next(() => page.hub.last.says({ type: 'upstream', current: true, since: null }));
  expect(screen.getByText('Boarding')).toBeVisible();
  expect(screen.queryByText(/interrupted/)).toBeNull();
  expect(screen.getByRole('status')).toBeEmptyDOMElement();
});

test('a link lost while updates were interrupted leaves a board as old as the interruption', async () => {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'upstream', current: false, since: at(-8) });
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [aFlight()] });
  });
  await page.next(() => page.hub.last.drops(), 2 * MINUTE_MS);
  expect(screen.getByText(/^No connection. Board as of 14:52 EST, 10 min old/)).toBeVisible();
});

test('a hall is told that its airport is silent, since when, and no more that a flight boards that should have left', async () => {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => {
    page.hub.last.greets();
    const boarding = aFlight({ status: 'boarding', departure: { scheduled: at(10) } });
    page.hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [boarding] });
    page.hub.last.says({ type: 'source', feed: 'jfk', airport: 'JFK', since: at(0) });
  }, 2_000);
  expect(screen.getByText('Boarding')).toBeVisible();
  const foot = () => document.querySelector('footer');
  expect(foot()).toHaveTextContent('JFK’s own data has been silent since 15:00 EST.');
  for (let past_ms = 0; past_ms < 12 * MINUTE_MS; past_ms += 45_000) {
    await page.next(() => page.hub.last.says({ type: 'ping' }), 45_000);
  }
  expect(screen.queryByText('Boarding')).toBeNull();
  expect(screen.getByText('Not confirmed')).toBeVisible();
  expect(foot()).toHaveTextContent('Board as of 15:00 EST, 12 min old. Please also listen to announcements.');
  await page.next(() => page.hub.last.says({ type: 'source', feed: 'jfk', airport: 'JFK', since: null }));
  expect(screen.getByText('Boarding')).toBeVisible();
});
