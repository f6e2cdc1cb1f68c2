import { useServices } from '@/lib/services/services';
import { useLink } from '@/lib/services/use-link';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { useLocation } from 'react-router';

/** Spreads the reloads of a thousand screens that notice a new build in the same minutes. Real time. */
const SPREAD_MS = 300_000;
const LOOK_WITHIN_MS = 60_000;
/** A page without user input for this time counts as a display screen. */
const IDLE_MS = 1_800_000;

/**
 * Loads a new build of the page when it disturbs no user: when the next page is opened, and by itself on a page
 * without user input.
 */
export function TakeNewBuild() {
  const { builds, timers } = useServices();
  const { pathname } = useLocation();
  const isNew = useSyncExternalStore(builds.subscribe, builds.isNew);
  const last = useRef(pathname);
  useEffect(() => {
    if (last.current === pathname) return;
    last.current = pathname;
    if (isNew) void builds.take();
  }, [builds, pathname, isNew]);
  const isLive = useLink().phase === 'live';
  useEffect(() => {
    // The hub may have restarted with a newer version.
    if (isLive) return timers.after(Math.random() * LOOK_WITHIN_MS, () => void builds.look());
  }, [builds, timers, isLive]);
  const isScreen = pathname.startsWith('/display/');
  useEffect(() => {
    if (!isNew) return;
    const wait = () =>
      timers.after((isScreen ? 0 : IDLE_MS) + Math.random() * SPREAD_MS, () => {
        // If the hub does not answer, the page stays and tries again later.
        void builds.take();
        cancel = wait();
      });
    let cancel = wait();
    const isUsed = () => {
      cancel();
      cancel = wait();
    };
    for (const act of ACTS) document.addEventListener(act, isUsed);
    return () => {
      cancel();
      for (const act of ACTS) document.removeEventListener(act, isUsed);
    };
  }, [builds, timers, isNew, isScreen]);
  return null;
}

const ACTS = ['keydown', 'pointerdown'] as const;
