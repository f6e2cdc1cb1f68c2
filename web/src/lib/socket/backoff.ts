/** How long to wait before attempt number `attempt` (0 is the first after a loss). Milliseconds. */
export type Backoff = (attempt: number, random: () => number) => number;

const BASE_MS = 500;
const CAP_MS = 15_000;

/**
 * Full jitter: a random delay between 0 and a bound that doubles. A thousand screens that lose the hub in the same
 * second do not reconnect in the same second.
 */
export const fullJitter: Backoff = (attempt, random) =>
  Math.round(random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt, 10)));
