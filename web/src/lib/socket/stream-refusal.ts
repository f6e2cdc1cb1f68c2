import { problemOf } from '@/lib/api/api-problem';
import { ANSWER_WITHIN_MS } from '@/lib/api/get-json';
import type { ErrorCode } from '@/wire/types';

/** Why the hub will not do what was asked, as the `error` frame of a WebSocket would have it. */
export type Refusal = { code: ErrorCode; message: string };

/**
 * Why a stream came to nothing: an EventSource does not tell a refusal from a broken line, so the same is asked
 * once more in a way that shows the answer. Null when there is no refusal in it, and coming back may help.
 */
export async function refusalOfStream(url: string): Promise<Refusal | null> {
  const giveUp = new AbortController();
  const signal = AbortSignal.any([giveUp.signal, AbortSignal.timeout(ANSWER_WITHIN_MS)]);
  try {
    const answer = await fetch(url, { signal });
    return await refusalOf(answer, { 400: 'unknown_topic', 404: 'unknown_leg' });
  } catch {
    return null;
  } finally {
    // The response may be a stream after all, which has no reader.
    giveUp.abort();
  }
}

/** Why a flight that was asked for did not come. All but "no such flight" may pass, so it is asked for again. */
export async function refusalOfGet(answer: Response): Promise<Refusal> {
  const refusal = await refusalOf(answer, { 404: 'unknown_leg' });
  return refusal ?? { code: 'rate_limited', message: `No flight came, but status ${answer.status}.` };
}

/** Only the hub's own word counts: a proxy that finds no hub behind it says 404 as well. */
async function refusalOf(answer: Response, codes: Record<number, ErrorCode>): Promise<Refusal | null> {
  const code = codes[answer.status];
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json') ?? false;
  if (code === undefined || !isProblem) return null;
  const body: unknown = await answer.json().catch(() => null);
  return { code, message: problemOf(answer.status, body).message };
}
