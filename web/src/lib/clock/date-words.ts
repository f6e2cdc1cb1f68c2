import { dayKey, longDate, longDateWithYear } from '@/lib/time/zoned';

/** A browser whose clock is wrong by less makes no replay of the present day. */
const APART_MS = 3_600_000;

/** What day it is by the hub; `replay` is null while that is the present day, lived as it comes. */
export type DateWords = { date: string; replay: string | null };

/** The hub's day at a place. A day that is not today, or does not run as days do, is said to be a replay. */
export function dateWords(now_ms: number, real_ms: number, speed: number, zone: string): DateWords {
  const isOtherDay = Math.abs(now_ms - real_ms) > APART_MS && dayKey(now_ms, zone) !== dayKey(real_ms, zone);
  if (speed === 1 && !isOtherDay) return { date: longDate(now_ms, zone), replay: null };
  return { date: longDateWithYear(now_ms, zone), replay: speed === 1 ? 'replay' : `replay ×${speed}` };
}
