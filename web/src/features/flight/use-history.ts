import { type Entry, lacksEntries, mergeEntries } from '@/features/flight/history-entries';
import type { ApiProblem } from '@/lib/api/api-problem';
import { useServices } from '@/lib/services/services';
import { useJson } from '@/lib/services/use-json';
import type { ChangeFrame, Flight, HistoryBody } from '@/wire/types';
import { useEffect, useMemo, useState } from 'react';

/** Spread over this time, so that all who watch a hot flight do not fetch its history in the same moment. */
const FETCH_AGAIN_WITHIN_MS = 4_000;
const FETCH_AGAIN_AFTER_MS = 1_000;
/** Live entries beyond this many are let go; the fetched history has them. */
const LIVE_MAX = 500;

/** The history of a flight: fetched once, continued by the frames that come anyway, fetched again after a gap. */
export function useHistory(flight: Flight): { entries: Entry[]; problem: ApiProblem | null; known: boolean } {
  const { store, timers } = useServices();
  const [live, setLive] = useState<ChangeFrame[]>([]);
  const { body, problem, again } = useJson<HistoryBody>(`/flights/${encodeURIComponent(flight.leg)}/history`);
  useEffect(
    () => store.subscribeFrames(flight.leg, (frame) => setLive((last) => [...last.slice(-LIVE_MAX), frame])),
    [store, flight.leg],
  );
  const entries = useMemo(() => mergeEntries(body?.entries ?? [], live), [body, live]);
  const lacks = body !== null && lacksEntries(entries, flight.rev);
  const { rev } = flight;
  useEffect(() => {
    if (!lacks) return;
    return timers.after(FETCH_AGAIN_AFTER_MS + Math.random() * FETCH_AGAIN_WITHIN_MS, again);
    // Asked once for each revision: a hub that keeps no longer history must not be asked for ever.
  }, [lacks, rev, timers, again]);
  return { entries, problem, known: body !== null };
}
