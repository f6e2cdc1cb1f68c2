import { type DateWords, dateWords } from '@/lib/clock/date-words';
import { useNow } from '@/lib/services/use-now';
import { useServices } from '@/lib/services/services';

/** What day it is at a place, and whether that day is a replay. */
export function useDateWords(zone: string): DateWords {
  const { clock, timers } = useServices();
  return dateWords(useNow(60_000), timers.now(), clock.speed(), zone);
}
