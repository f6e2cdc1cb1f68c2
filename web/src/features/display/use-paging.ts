import { useServices } from '@/lib/services/services';
import { type RefObject, useEffect, useRef, useState } from 'react';

/** How long a page stays: long enough to read it to the end. */
const PAGE_MS = 12_000;
/** More pages than this and nobody waits for the last. */
const PAGES_MAX = 6;

export type PageSize = { body: RefObject<HTMLDivElement | null>; rows: number; rows_max: number };

/** How many rows a page has, which depends on how tall the screen is, and how many all pages have. */
export function usePageSize(): PageSize {
  const body = useRef<HTMLDivElement>(null);
  const [rows, setRows] = useState(10);
  useEffect(() => {
    const table = body.current;
    if (!table) return;
    const measure = () => {
      // The height of a row as the style has it, in pixels: there may be no row yet to be measured.
      const height = Number.parseFloat(getComputedStyle(table).gridAutoRows) || 1;
      setRows(Math.max(1, Math.floor(table.clientHeight / height)));
    };
    measure();
    // Not the window alone: a warning at the foot of the screen takes room as well.
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
