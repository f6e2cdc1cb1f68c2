import { LazyPage } from '@/app/lazy-page';
import { PageBoundary } from '@/app/page-boundary';
import { ServicesContext, type Services } from '@/lib/services/services';
import { FakeTimers } from '@/testing/fake-timers';
import { giveTheWindowAHeight, openBoard } from '@/testing/open-board';
import { SAME_BUILD } from '@/testing/same-build';
import { renderAt } from '@/testing/render-at';
import { act, render, screen } from '@testing-library/react';
import { beforeEach, expect, test, vi } from 'vitest';

const MINUTE_MS = 60_000;

beforeEach(giveTheWindowAHeight);

const idle = (page: Awaited<ReturnType<typeof renderAt>>, minutes: number) =>
  page.next(() => page.hub.last.says({ type: 'ping' }), minutes * MINUTE_MS);

test('a screen takes a new build by itself, and once', async () => {
  const page = await renderAt('/display/JFK/departures');
  await page.next(() => page.hub.last.greets('e1', 0));
  page.served.build = 'another build';
  await idle(page, 1);
  await idle(page, 5);
  expect(page.served.reloads).toBe(1);
  await idle(page, 30);
  expect(page.served.reloads).toBe(1);
});

test('a page that somebody uses takes it with the next page that is opened', async () => {
  const page = await openBoard();
  await page.next(() => page.hub.last.greets('e1', 0));
  page.served.build = 'another build';
  await idle(page, 11);
  expect(page.served.reloads).toBe(0);
  await page.next(() => page.goTo('/board/JFK/arrivals'));
  expect(page.served.reloads).toBe(1);
});

test('a page that is open in a corner takes it after half an hour without anybody', async () => {
  const page = await openBoard();
  await page.next(() => page.hub.last.greets('e1', 0));
  page.served.build = 'another build';
  await idle(page, 20);
  document.dispatchEvent(new Event('pointerdown'));
  await idle(page, 29);
  expect(page.served.reloads).toBe(0);
  await idle(page, 6);
  expect(page.served.reloads).toBe(1);
});

async function open(load: () => Promise<() => React.ReactNode>, take: () => Promise<boolean>) {
  vi.spyOn(console, 'error').mockImplementation(() => undefined);
  const timers = new FakeTimers();
  const builds = { ...SAME_BUILD, take };
  render(
    <ServicesContext value={{ builds } as unknown as Services}>
      <PageBoundary timers={timers}>
        <LazyPage load={load} />
      </PageBoundary>
    </ServicesContext>,
  );
  await act(async () => Promise.resolve());
  return timers;
}

const gone = () => Promise.reject(new TypeError('Failed to fetch dynamically imported module'));

test('code that is gone with an older build is made up for by the new one', async () => {
  const take = vi.fn(() => Promise.resolve(true));
  await open(gone, take);
  expect(take).toHaveBeenCalledOnce();
  expect(screen.getByText('One moment…')).toBeVisible();
  expect(screen.queryByRole('alert')).toBeNull();
});

test('code that cannot be had for a while is fetched again, and the page recovers', async () => {
  const load = vi.fn<() => Promise<() => React.ReactNode>>();
  load.mockImplementationOnce(gone).mockResolvedValue(() => <h1>The interface</h1>);
  const timers = await open(load, () => Promise.resolve(false));
  expect(await screen.findByRole('alert')).toHaveTextContent('This page has stopped');
  await act(async () => {
    timers.advance(30_000);
    await Promise.resolve();
  });
  expect(await screen.findByRole('heading', { name: 'The interface' })).toBeVisible();
});
