import { ApiProblem, problemOf } from '@/lib/api/api-problem';

/** After this time a small request counts as failed. */
export const ANSWER_WITHIN_MS = 10_000;

export type GetJson = <Body>(path: string, signal?: AbortSignal) => Promise<Body>;

/** Asks the hub's REST interface. Throws ApiProblem, or the signal's reason when the caller gave up. */
export const getJson: GetJson = async <Body>(path: string, signal?: AbortSignal) => {
  const timeout = AbortSignal.timeout(ANSWER_WITHIN_MS);
  const answer = await fetch(`/api/v1${path}`, {
    headers: { accept: 'application/json' },
    signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
  }).catch((error: unknown) => {
    if (signal?.aborted) throw error;
    throw new ApiProblem(0, 'The hub cannot be reached at the moment.');
  });
  const body: unknown = await answer.json().catch(() => null);
  if (!answer.ok) throw problemOf(answer.status, body);
  if (body === null) throw new ApiProblem(answer.status, 'The hub sent an answer that cannot be read.');
  return body as Body;
};
