import { onOffline, onWake } from '@/lib/services/on-wake';
import { expect, test, vi } from 'vitest';

test('a page wakes when it is shown, when it comes out of the cache, and when the network is back', () => {
  const wakes = vi.fn();
  const visibility = vi.spyOn(document, 'visibilityState', 'get');
  onWake(wakes);
  visibility.mockReturnValue('hidden');
  document.dispatchEvent(new Event('visibilitychange'));
  expect(wakes).not.toHaveBeenCalled();
  visibility.mockReturnValue('visible');
  document.dispatchEvent(new Event('visibilitychange'));
  window.dispatchEvent(new Event('pageshow'));
  window.dispatchEvent(new Event('online'));
  expect(wakes).toHaveBeenCalledTimes(3);
});

test('a page is told when the browser has no network', () => {
  const told = vi.fn();
  onOffline(told);
  window.dispatchEvent(new Event('offline'));
  expect(told).toHaveBeenCalledTimes(1);
});
