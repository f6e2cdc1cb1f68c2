import { problemOf } from '@/lib/api/api-problem';
import { ANSWER_WITHIN_MS } from '@/lib/api/get-json';
import type { ErrorCode } from '@/wire/types';

/** A refusal of the hub, in the form of a WebSocket's `error` frame. */
export type Refusal = { code: ErrorCode; message: string };

/**
 * Why a stream failed: an EventSource does not distinguish a refusal from a lost connection, so this repeats the
 * request in a way that shows the response. Null if it is no refusal, and a retry may help.
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

/** Why a requested flight did not arrive. Every reason except "no such flight" is temporary and leads to a retry. */
export async function refusalOfGet(answer: Response): Promise<Refusal> {
  const refusal = await refusalOf(answer, { 404: 'unknown_leg' });
  return refusal ?? { code: 'rate_limited', message: `No flight came, but status ${answer.status}.` };
}

/** Only the hub's own response counts: a proxy without a hub behind it also responds 404. */
async function refusalOf(answer: Response, codes: Record<number, ErrorCode>): Promise<Refusal | null> {
  const code = codes[answer.status];
  const isProblem = answer.headers.get('content-type')?.startsWith('application/problem+json') ?? false;
  if (code === undefined || !isProblem) return null;
  const body: unknown = await answer.json().catch(() => null);
  return { code, message: problemOf(answer.status, body).message };
}
