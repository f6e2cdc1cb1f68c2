import { dayKey, longDate, longDateWithYear } from '@/lib/time/zoned';

/** A smaller difference to the browser's clock does not count as a replay. */
const APART_MS = 3_600_000;

/** The hub's day; `replay` is null on the present day at normal speed. */
export type DateWords = { date: string; replay: string | null };

/** The hub's day in a zone. A day other than today, or at another speed, is a replay. */
export function dateWords(now_ms: number, real_ms: number, speed: number, zone: string): DateWords {
  const isOtherDay = Math.abs(now_ms - real_ms) > APART_MS && dayKey(now_ms, zone) !== dayKey(real_ms, zone);
  if (speed === 1 && !isOtherDay) return { date: longDate(now_ms, zone), replay: null };
  return { date: longDateWithYear(now_ms, zone), replay: speed === 1 ? 'replay' : `replay ×${speed}` };
}
