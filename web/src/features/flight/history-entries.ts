import type { ChangeFrame, HistoryEntry } from '@/wire/types';

/** One entry of a flight's history; live changes do not name their source. */
export type Entry = Omit<HistoryEntry, 'source'> & { source: string | null };

/** The fetched history and what came over the socket since, each revision once, the oldest first. */
export function mergeEntries(fetched: HistoryEntry[], live: ChangeFrame[]): Entry[] {
  const byRev = new Map<number, Entry>();
  for (const frame of live)
    byRev.set(frame.rev, { rev: frame.rev, at: frame.at, kinds: frame.kinds, set: frame.set, source: null });
  for (const entry of fetched) byRev.set(entry.rev, entry);
  return [...byRev.values()].sort((a, b) => a.rev - b.rev);
}

/** Whether a revision is missing between those we have and the flight as it is. */
export function lacksEntries(entries: Entry[], rev: number): boolean {
  const last = entries.at(-1);
  if (!last) return false;
  if (last.rev < rev) return true;
  return entries.some((entry, index) => {
    const next = entries[index + 1];
    return next !== undefined && next.rev > entry.rev + 1;
  });
}

/** Whether check-in was open once; null where only later changes are here, and an earlier one may tell of it. */
export function hadCheckIn(entries: Entry[]): boolean | null {
  if (entries.some((entry) => entry.set['status'] === 'check_in')) return true;
  return entries[0]?.rev === 1 ? false : null;
}
