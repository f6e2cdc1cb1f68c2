import { useServices } from '@/lib/services/services';
import { useEffect } from 'react';

/** Numbers of flights that are older than this are asked for again. Real time. */
const FRESH_FOR_MS = 60_000;

/** Keeps the directory fresh while a page is looked at that shows what is in it, and makes it so when it is again. */
export function useFreshDirectory(): void {
  const { directory, timers } = useServices();
  useEffect(() => {
    const freshen = () => {
      if (document.visibilityState !== 'hidden') directory.refreshIfOlder(FRESH_FOR_MS);
    };
    let cancel = timers.after(FRESH_FOR_MS, look);
    function look(): void {
      freshen();
      cancel = timers.after(FRESH_FOR_MS, look);
    }
    freshen();
    document.addEventListener('visibilitychange', freshen);
    return () => {
      document.removeEventListener('visibilitychange', freshen);
      cancel();
    };
  }, [directory, timers]);
}
