import { ApiProblem } from '@/lib/api/api-problem';
import { aFlight } from '@/testing/a-flight';
import { giveTheWindowAHeight, rowOf } from '@/testing/open-board';
import { renderAt } from '@/testing/render-at';
import { screen } from '@testing-library/react';
import { beforeEach, expect, test } from 'vitest';

beforeEach(giveTheWindowAHeight);

test('the board of an airport without flights has the name and the time of that airport', async () => {
  const airport = { iata: 'LHR', name: 'Heathrow', city: 'London', country: 'GB', zone: 'Europe/London' };
  const page = await renderAt('/board/LHR/departures', {
    '/boards/LHR/departures': { airport, direction: 'departures', as_of: '', flights: [] },
  });
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'snapshot', topic: 'board/LHR/departures', partial: false, flights: [] });
  });
  expect(screen.getByText('London')).toBeVisible();
  expect(screen.getByText('GMT')).toBeVisible();
  expect(screen.getByText('No flights are known for this board')).toBeVisible();
});

test('an airport whose name could not be fetched is asked for again, and its times leave UTC', async () => {
  const airport = { iata: 'LHR', name: 'Heathrow', city: 'London', country: 'GB', zone: 'Europe/London' };
  let isAway = true;
  const answer = () => {
    if (isAway) throw new ApiProblem(503, 'The hub is starting.');
    return { airport, direction: 'departures', as_of: '', flights: [] };
  };
  const page = await renderAt('/board/LHR/departures', { '/boards/LHR/departures': answer });
  await page.next(() => page.hub.last.greets());
  expect(screen.getByText('UTC')).toBeVisible();
  await page.next(() => undefined, 4_000);
  expect(screen.getByText('UTC')).toBeVisible();
  isAway = false;
  await page.next(() => undefined, 8_000);
  expect(screen.getByText('GMT')).toBeVisible();
  expect(screen.getByText('London')).toBeVisible();
});

test('where midnight is at a quarter past the hour by UTC the day is right from then on', async () => {
  const airport = {
    iata: 'KTM',
    name: 'Tribhuvan',
    city: 'Kathmandu',
    country: 'NP',
    zone: 'Asia/Kathmandu',
  };
  const page = await renderAt('/board/KTM/departures', {
    '/boards/KTM/departures': { airport, direction: 'departures', as_of: '', flights: [] },
  });
  const departure = { airport: 'KTM', scheduled: '2013-02-08T18:20:00Z' };
  await page.next(() => {
    page.hub.last.greets('e1', 25, '2013-02-08T18:14:00Z');
    const topic = 'board/KTM/departures';
    page.hub.last.says({ type: 'snapshot', topic, partial: false, flights: [aFlight({ departure })] });
  }, 600);
  expect(rowOf('B6 615')).toHaveTextContent('00:05Sat 9 Feb');
  await page.next(() => page.hub.last.says({ type: 'ping' }), 40_000);
  await page.next(() => page.hub.last.says({ type: 'ping' }), 40_000);
  expect(rowOf('B6 615')).toHaveTextContent('00:05');
  expect(rowOf('B6 615')).not.toHaveTextContent('Sat 9 Feb');
});
