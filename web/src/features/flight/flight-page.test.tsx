import { ApiProblem } from '@/lib/api/api-problem';
import { aFlight } from '@/testing/a-flight';
import { renderAt } from '@/testing/render-at';
import { fireEvent, screen, within } from '@testing-library/react';
import { expect, test } from 'vitest';

const flight = aFlight({
  status: 'delayed',
  rev: 2,
  delay_reason: 'weather',
  codeshares: ['EI5105'],
  arrival: { airport: 'ORD' },
  departure: { estimated: '2013-02-08T21:40:00Z' },
});
const address = `/flight/${flight.leg}`;
const history = {
  leg: flight.leg,
  entries: [
    { rev: 1, at: '2013-02-08T18:00:00Z', kinds: [], set: { 'departure.gate': '11' }, source: 'jfk' },
    { rev: 2, at: '2013-02-08T19:00:00Z', kinds: ['gate'], set: { 'departure.gate': '12' }, source: 'jfk' },
  ],
};

async function openFlight() {
  const page = await renderAt(address, { [`/flights/${flight.leg}/history`]: history });
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({
      type: 'snapshot',
      topic: `flight/${flight.leg}`,
      partial: false,
      flights: [flight],
    });
  });
  return page;
}

test('both ends of a flight are told in their own time, the old time struck beside the new', async () => {
  await openFlight();
  const from = screen.getByRole('region', { name: 'From New York' });
  expect(within(from).getByText('16:00').closest('s')).not.toBeNull();
  expect(within(from).getByText('16:40')).toBeVisible();
  expect(from).toHaveTextContent('EST');
  const to = screen.getByRole('region', { name: 'To Chicago' });
  expect(to).toHaveTextContent('18:10');
  expect(to).toHaveTextContent('CST');
  expect(screen.getByRole('listitem', { current: 'step' })).toHaveTextContent('Delayed');
});

test('the history tells what changed, and goes on with what comes live', async () => {
  const page = await openFlight();
  const list = screen.getByRole('region', { name: 'History' });
  expect(list).toHaveTextContent('Departure gate: was 11, now 12');
  await page.next(() =>
    page.hub.last.says({
      type: 'change',
      leg: flight.leg,
      rev: 3,
      at: '2013-02-08T20:00:30Z',
      kinds: ['gate'],
      set: { 'departure.gate': '31' },
    }),
  );
  expect(within(list).getAllByRole('listitem')[0]).toHaveTextContent('15:00:30 EST');
  expect(within(list).getAllByRole('listitem')[0]).toHaveTextContent('now 31');
});

test('an entry of yesterday is told with its day', async () => {
  const page = await openFlight();
  const list = screen.getByRole('region', { name: 'History' });
  expect(within(list).getByText('14:00:00 EST')).toBeVisible();
  await page.next(() => page.hub.last.greets('e1', 25, '2013-02-09T06:00:00Z'), 1_000);
  expect(within(list).getByText('14:00:00 EST').closest('time')).toHaveTextContent('Fri 8 Feb 14:00:00 EST');
});

test('an estimate that is withheld leaves the schedule on its own day', async () => {
  const page = await openFlight();
  const set = { 'departure.estimated': '2013-02-09T05:20:00Z' };
  const at = '2013-02-08T20:00:00Z';
  await page.next(() => page.hub.last.says({ type: 'change', leg: flight.leg, rev: 3, at, kinds: [], set }));
  const from = screen.getByRole('region', { name: 'From New York' });
  expect(from).toHaveTextContent('00:20');
  expect(from).toHaveTextContent('Sat 9 Feb, another day');
  await page.next(() => page.hub.last.drops(), 31 * 60_000);
  expect(from).not.toHaveTextContent('00:20');
  expect(from).toHaveTextContent('Fri 8 Feb');
  expect(from).not.toHaveTextContent('another day');
});

test('a history that could not be fetched is asked for again until it is there', async () => {
  let isAway = true;
  const answer = () => {
    if (isAway) throw new ApiProblem(0, 'The hub cannot be reached at the moment.');
    return history;
  };
  const page = await renderAt(address, { [`/flights/${flight.leg}/history`]: answer });
  await page.next(() => {
    page.hub.last.greets();
    const topic = `flight/${flight.leg}`;
    page.hub.last.says({ type: 'snapshot', topic, partial: false, flights: [flight] });
  });
  const list = screen.getByRole('region', { name: 'History' });
  expect(list).toHaveTextContent(
    'The history cannot be shown: The hub cannot be reached at the moment. It is asked for again.',
  );
  isAway = false;
  await page.next(() => undefined, 5_000);
  expect(list).toHaveTextContent('Departure gate: was 11, now 12');
  expect(list).not.toHaveTextContent('cannot be shown');
});

test('of a long history the newest changes are shown at first, and earlier ones on demand', async () => {
  const long = { ...flight, rev: 250 };
  const path = `/flights/${flight.leg}/history`;
  const pageOf = (from: number, to: number, next: number | null) => ({
    leg: flight.leg,
    next,
    entries: Array.from({ length: to - from + 1 }, (_, index) => ({
      rev: from + index,
      at: '2013-02-08T18:00:00Z',
      kinds: ['gate'],
      set: { 'departure.gate': `G${from + index}` },
      source: 'jfk',
    })),
  });
  const page = await renderAt(address, {
    [`${path}?after=150`]: pageOf(151, 230, 230),
    [`${path}?after=230`]: pageOf(231, 250, null),
    [`${path}?after=50`]: pageOf(51, 250, null),
    [path]: pageOf(1, 250, null),
  });
  await page.next(() => {
    page.hub.last.greets();
    const topic = `flight/${flight.leg}`;
    page.hub.last.says({ type: 'snapshot', topic, partial: false, flights: [long] });
  });
  await page.next(() => undefined);
  const list = screen.getByRole('region', { name: 'History' });
  // By role it takes seconds among so many.
  const entries = () => list.querySelectorAll('li');
  expect(entries()).toHaveLength(100);
  expect(entries()[0]).toHaveTextContent('G250');
  for (const left of [200, 250]) {
    const earlier = within(list).getByText('Show earlier changes');
    earlier.focus();
    await page.next(() => fireEvent.click(earlier));
    expect(entries()).toHaveLength(left);
    expect(entries()[0]).toHaveTextContent('G250');
  }
  expect(within(list).queryByText('Show earlier changes')).toBeNull();
  expect(within(list).getByText('What changed when')).toHaveFocus();
}, 20_000);

test('a new gate or belt is told aloud within seconds', async () => {
  const page = await openFlight();
  const set = { 'departure.gate': '31', 'arrival.belt': '5' };
  await page.next(
    () =>
      page.hub.last.says({
        type: 'change',
        leg: flight.leg,
        rev: 3,
        at: '2013-02-08T20:00:30Z',
        kinds: ['gate'],
        set,
      }),
    3_000,
  );
  expect(screen.getByTestId('announcer')).toHaveTextContent('B6 615 departure gate 31, baggage belt 5.');
});

test('with live updates interrupted a flight page says since when, and confirms no step that time has passed', async () => {
  const page = await openFlight();
  await page.next(() =>
    page.hub.last.says({
      type: 'change',
      leg: flight.leg,
      rev: 3,
      at: '2013-02-08T20:00:00Z',
      kinds: ['boarding'],
      set: { status: 'boarding', 'departure.estimated': '2013-02-08T20:05:00Z' },
    }),
  );
  expect(screen.getByRole('listitem', { current: 'step' })).toHaveTextContent('Boarding, now');
  await page.next(() =>
    page.hub.last.says({ type: 'upstream', current: false, since: '2013-02-08T20:00:00.100Z' }),
  );
  for (let half = 0; half < 12; half += 1) {
    await page.next(() => page.hub.last.says({ type: 'ping' }), 30_000);
  }
  expect(screen.getByText('Live updates are interrupted. As of 15:00 EST.')).toBeVisible();
  expect(screen.getByText('Not confirmed')).toBeVisible();
  expect(screen.queryByRole('listitem', { current: 'step' })).toBeNull();
  const steps = screen.getByRole('list', { name: 'Progress of the flight' });
  expect(steps).toHaveTextContent('was Boarding, not confirmed');
  await page.next(() => page.hub.last.says({ type: 'upstream', current: true, since: null }));
  expect(screen.getByRole('listitem', { current: 'step' })).toHaveTextContent('Boarding, now');
  expect(screen.queryByText(/interrupted/i)).toBeNull();
});

test('a remark and a reason go with the status they belong to', async () => {
  const page = await openFlight();
  const set = { remark: 'Please go to the gate', status: 'boarding' };
  const at = '2013-02-08T20:00:00Z';
  await page.next(() => page.hub.last.says({ type: 'change', leg: flight.leg, rev: 3, at, kinds: [], set }));
  const details = screen.getByRole('region', { name: 'Details' });
  expect(details).toHaveTextContent('Please go to the gate');
  expect(details).toHaveTextContent('weather');
  await page.next(() => page.hub.last.drops(), 105 * 60_000);
  expect(screen.getByText('Not confirmed')).toBeVisible();
  expect(screen.queryAllByText('Please go to the gate')).toEqual([]);
  expect(details).not.toHaveTextContent('weather');
  expect(details).toHaveTextContent('A320');
});

test('a flight the hub does not know is said to be unknown, in words', async () => {
  const page = await renderAt('/flight/ZZ-1');
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'snapshot', topic: 'flight/ZZ-1', partial: false, flights: [] });
  });
  expect(screen.getByRole('heading', { name: 'This flight is not known' })).toBeVisible();
  expect(screen.queryByText(/interrupted/)).toBeNull();
  await page.next(() =>
    page.hub.last.says({ type: 'upstream', current: false, since: '2013-02-08T19:59:00.000Z' }),
  );
  expect(screen.getByText(/^Live updates are interrupted at the moment/)).toBeVisible();
});
