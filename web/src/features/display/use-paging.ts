import { useServices } from '@/lib/services/services';
import { type RefObject, useEffect, useRef, useState } from 'react';

/** How long a page stays: long enough to read all of it. */
const PAGE_MS = 12_000;
/** With more pages than this, people do not wait for the last. */
const PAGES_MAX = 6;

export type PageSize = { body: RefObject<HTMLDivElement | null>; rows: number; rows_max: number };

/** The number of rows of a page, which depends on the screen's height, and of all pages. */
export function usePageSize(): PageSize {
  const body = useRef<HTMLDivElement>(null);
  const [rows, setRows] = useState(10);
  useEffect(() => {
    const table = body.current;
    if (!table) return;
    const measure = () => {
      // The row height from the style, in pixels, because there may be no row to measure yet.
      const height = Number.parseFloat(getComputedStyle(table).gridAutoRows) || 1;
      setRows(Math.max(1, Math.floor(table.clientHeight / height)));
    };
    measure();
    // Observes the table, not only the window: a warning at the bottom of the screen takes space too.
    const observer = new ResizeObserver(measure);
    observer.observe(table);
    return () => observer.disconnect();
  }, []);
  return { body, rows, rows_max: rows * PAGES_MAX };
}

export type Paging = { page: number; pages: number; shown: string[] };

/** Turns pages by itself. */
export function usePaging(legs: string[], rows: number): Paging {
  const { timers } = useServices();
  const [turn, setTurn] = useState(0);
  useEffect(() => timers.after(PAGE_MS, () => setTurn((last) => last + 1)), [timers, turn]);
  const pages = Math.max(1, Math.ceil(legs.length / rows));
  const page = turn % pages;
  return { page, pages, shown: legs.slice(page * rows, (page + 1) * rows) };
}
