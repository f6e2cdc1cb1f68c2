/** The client's reaction to the end of a connection. */
export type Verdict = { kind: 'come_back'; retry_ms: number | null } | { kind: 'stay_away'; message: string };

/** The longest delay that a hub may request; a larger number is an error. */
const RETRY_MS_MAX = 120_000;

const STAY_AWAY: Record<number, string> = {
  1009: 'The hub refused a message of this page as too long.',
  4100: 'The hub does not understand this version of the page. Reload it.',
  4101: 'The hub refused a message of this page as too long.',
  4102: 'The hub does not serve pages from this address.',
  4103: 'The hub did not accept the credentials of this page.',
  4104: 'The hub ended the connection: this page sent too much. Reload it.',
};

/** 4000-4099 mean 'reconnect', 4100-4199 'do not reconnect'; any other code is a lost connection, to be retried. */
export function verdictOf(code: number, reason: string): Verdict {
  const known = STAY_AWAY[code];
  if (known !== undefined) return { kind: 'stay_away', message: known };
  if (code >= 4100 && code <= 4199) {
    return { kind: 'stay_away', message: `The hub ended the connection (code ${code}).` };
  }
  return { kind: 'come_back', retry_ms: code >= 4000 && code <= 4099 ? retryOf(reason) : null };
}

function retryOf(reason: string): number | null {
  try {
    const parsed = JSON.parse(reason) as { retry_ms?: unknown } | null;
    const retry_ms = parsed?.retry_ms;
    if (typeof retry_ms !== 'number' || !(retry_ms >= 0)) return null;
    return Math.min(retry_ms, RETRY_MS_MAX);
  } catch {
    return null;
  }
}
