import { aFlight } from '@/testing/a-flight';
import { giveTheWindowAHeight, rowOf } from '@/testing/open-board';
import { renderAt } from '@/testing/render-at';
import { beforeEach, expect, test } from 'vitest';

beforeEach(giveTheWindowAHeight);

test('an arrival that has not left is as old as what its origin said last, one in the air is not', async () => {
  const arrival = { airport: 'FLL', scheduled: '2013-02-08T20:45:00Z', estimated: '2013-02-08T21:30:00Z' };
  const waits = aFlight({ status: 'delayed', departure: { scheduled: '2013-02-08T18:00:00Z' }, arrival });
  const flies = aFlight({
    ...waits,
    leg: 'DL-40',
    carrier: 'DL',
    number: '40',
    status: 'airborne',
    departure: { ...waits.departure, actual: '2013-02-08T18:10:00Z' },
  });
  const topic = 'board/FLL/arrivals';
  const page = await renderAt('/board/FLL/arrivals?window=all');
  await page.next(() => {
    page.hub.last.greets();
    page.hub.last.says({ type: 'snapshot', topic, partial: false, flights: [waits, flies] });
  });
  expect(rowOf('B6 615')).not.toHaveTextContent('Not confirmed');
  const since = '2013-02-08T19:00:00Z';
  await page.next(() => page.hub.last.says({ type: 'source', feed: 'jfk', airport: 'JFK', since }));
  expect(rowOf('B6 615')).toHaveTextContent('Not confirmed');
  expect(rowOf('DL 40')).not.toHaveTextContent('Not confirmed');
});
