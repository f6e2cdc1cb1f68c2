import { useServices } from '@/lib/services/services';
import { useLink } from '@/lib/services/use-link';
import { useEffect, useRef, useSyncExternalStore } from 'react';
import { useLocation } from 'react-router';

/** A thousand screens that notice a new build in the same minutes do not fetch it in the same second. Real time. */
const SPREAD_MS = 300_000;
const LOOK_WITHIN_MS = 60_000;
/** A page at which nobody has done anything for so long is a screen like any other. */
const IDLE_MS = 1_800_000;

/**
 * Loads a new build of the page when it disturbs nobody: at the next page that is opened, and by itself where
 * nobody touches anything.
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
    // A hub that was away may have come back as a newer one.
    if (isLive) return timers.after(Math.random() * LOOK_WITHIN_MS, () => void builds.look());
  }, [builds, timers, isLive]);
  const isScreen = pathname.startsWith('/display/');
  useEffect(() => {
    if (!isNew) return;
    const wait = () =>
      timers.after((isScreen ? 0 : IDLE_MS) + Math.random() * SPREAD_MS, () => {
        // A hub that does not answer now keeps the page as it is; it is tried again.
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
