/** After a first failure somewhere between this and twice this; doubled with each further one. */
const FIRST_MS = 2_000;
/** A hub that is back is asked within half a minute. */
const LAST_MS = 16_000;

/** How long to wait before asking again. Spread, as many screens that lost one hub must not ask in step. */
export function retryPause_ms(failures: number, random: () => number): number {
  return Math.min(LAST_MS, FIRST_MS * 2 ** Math.max(0, failures - 1)) * (1 + random());
}
