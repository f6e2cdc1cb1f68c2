import { type Entry, lacksEntries, mergeEntries } from '@/features/flight/history-entries';
import type { ApiProblem } from '@/lib/api/api-problem';
import type { GetJson } from '@/lib/api/get-json';
import { useServices } from '@/lib/services/services';
import { useJson } from '@/lib/services/use-json';
import type { ChangeFrame, Flight, HistoryBody } from '@/wire/types';
import { useEffect, useMemo, useState } from 'react';

/** Spread over this time, so that all who watch a hot flight do not fetch its history in the same moment. */
const FETCH_AGAIN_WITHIN_MS = 4_000;
const FETCH_AGAIN_AFTER_MS = 1_000;
/** The maximum number of live entries; the fetched history has older ones. */
const LIVE_MAX = 500;
/** So many of the newest changes are shown at first, and so many more each time that earlier ones are wanted. */
const CHANGES_AT_ONCE = 100;
/** More pages in one go than a flight can have while it is looked at. */
const PAGES_MAX = 50;

export type History = {
  entries: Entry[];
  problem: ApiProblem | null;
  known: boolean;
  /** Fetches earlier changes; null where there are none. */
  earlier: (() => void) | null;
};

/**
 * The history of a flight: its newest changes fetched once, continued by the frames that come anyway, fetched
 * again after a gap, and extended backwards on demand.
 */
export function useHistory(flight: Flight): History {
  const { store, timers } = useServices();
  const [live, setLive] = useState<ChangeFrame[]>([]);
  const [start, setStart] = useState({ leg: flight.leg, after: Math.max(0, flight.rev - CHANGES_AT_ONCE) });
  if (start.leg !== flight.leg)
    setStart({ leg: flight.leg, after: Math.max(0, flight.rev - CHANGES_AT_ONCE) });
  const { after } = start;
  const path = `/flights/${encodeURIComponent(flight.leg)}/history`;
  const { body, problem, again } = useJson<HistoryBody>(after === 0 ? path : `${path}?after=${after}`, {
    of: path,
    load: allPages,
  });
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
  const earlier = () => setStart({ leg: flight.leg, after: Math.max(0, after - CHANGES_AT_ONCE) });
  return { entries, problem, known: body !== null, earlier: after > 0 && body !== null ? earlier : null };
}

/** From the path's page on to the newest change. */
async function allPages(getJson: GetJson, path: string, signal: AbortSignal): Promise<HistoryBody> {
  const first = await getJson<HistoryBody>(path, signal);
  const [address = path] = path.split('?');
  let { next } = first;
  const entries = [...first.entries];
  for (let page = 1; typeof next === 'number' && page < PAGES_MAX; page += 1) {
    const body: HistoryBody = await getJson<HistoryBody>(`${address}?after=${next}`, signal);
    entries.push(...body.entries);
    ({ next } = body);
  }
  return { ...first, entries, next };
}
