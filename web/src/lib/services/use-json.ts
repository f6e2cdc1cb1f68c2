import { ApiProblem } from '@/lib/api/api-problem';
import { useServices } from '@/lib/services/services';
import { useCallback, useEffect, useState } from 'react';

export type Fetched<Body> = { body: Body | null; problem: ApiProblem | null; again: () => void };

/** Fetches one document and keeps the last good one when fetching it again fails. */
export function useJson<Body>(path: string): Fetched<Body> {
  const { getJson } = useServices();
  const [turn, setTurn] = useState(0);
  const [state, setState] = useState<{ path: string; body: Body | null; problem: ApiProblem | null }>({
    path,
    body: null,
    problem: null,
  });
  useEffect(() => {
    const giveUp = new AbortController();
    getJson<Body>(path, giveUp.signal).then(
      (body) => setState({ path, body, problem: null }),
      (error: unknown) => {
        if (giveUp.signal.aborted) return;
        const problem = error instanceof ApiProblem ? error : new ApiProblem(0, String(error));
        setState((last) => ({ path, body: last.path === path ? last.body : null, problem }));
      },
    );
    return () => giveUp.abort();
  }, [getJson, path, turn]);
  const again = useCallback(() => setTurn((last) => last + 1), []);
  if (state.path !== path) return { body: null, problem: null, again };
  return { body: state.body, problem: state.problem, again };
}
