/**
 * Runs whenever time may have passed without the page: it is shown again, comes out of the browser's cache of
 * pages, or the network is back.
 */
export function onWake(run: () => void): void {
  window.addEventListener('online', run);
  window.addEventListener('pageshow', run);
  document.addEventListener('visibilitychange', () => {
    if (document.visibilityState === 'visible') run();
  });
}

/** Runs when the browser says that it has no network. */
export function onOffline(run: () => void): void {
  window.addEventListener('offline', run);
}
