import { ApiProblem } from '@/lib/api/api-problem';
import type { GetJson } from '@/lib/api/get-json';
import { retryPause_ms } from '@/lib/api/retry-pause';
import { useServices } from '@/lib/services/services';
import { useLink } from '@/lib/services/use-link';
import { useCallback, useEffect, useRef, useState } from 'react';

type Load<Body> = (getJson: GetJson, path: string, signal: AbortSignal) => Promise<Body>;

export type Fetched<Body> = { body: Body | null; problem: ApiProblem | null; again: () => void };

/**
 * Fetches one document and keeps the last good one when fetching it again fails. What fails for a while is
 * asked for again by itself, and soon once the link to the hub is back. Of several paths with one `of` the last
 * good document is kept until that of the new path is there.
 */
export function useJson<Body>(
  path: string,
  { of = path, load = loadOne<Body> }: { of?: string; load?: Load<Body> } = {},
): Fetched<Body> {
  const { getJson, timers } = useServices();
  const { phase } = useLink();
  const [turn, setTurn] = useState(0);
  const failures = useRef(0);
  const [state, setState] = useState<{ of: string; body: Body | null; problem: ApiProblem | null }>({
    of,
    body: null,
    problem: null,
  });
  useEffect(() => {
    const giveUp = new AbortController();
    load(getJson, path, giveUp.signal).then(
      (body) => {
        failures.current = 0;
        setState({ of, body, problem: null });
      },
      (error: unknown) => {
        if (giveUp.signal.aborted) return;
        failures.current += 1;
        const problem = error instanceof ApiProblem ? error : new ApiProblem(0, String(error));
        setState((last) => ({ of, body: last.of === of ? last.body : null, problem }));
      },
    );
    return () => giveUp.abort();
  }, [getJson, load, path, of, turn]);
  const again = useCallback(() => setTurn((last) => last + 1), []);
  useEffect(() => {
    if (phase === 'live') failures.current = 0;
  }, [phase]);
  const { problem } = state;
  useEffect(() => {
    if (problem?.isPassing !== true) return;
    return timers.after(retryPause_ms(failures.current, Math.random), again);
  }, [problem, phase, timers, again]);
  if (state.of !== of) return { body: null, problem: null, again };
  return { body: state.body, problem, again };
}

const loadOne = <Body>(getJson: GetJson, path: string, signal: AbortSignal) => getJson<Body>(path, signal);
