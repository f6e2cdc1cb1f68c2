import { BoardHead } from '@/features/board/board-head';
import type { BoardSort } from '@/features/board/board-query';
import { BoardRow, type RowSetting } from '@/features/board/board-row';
import styles from '@/features/board/board-table.module.css';
import { wentOnFrom } from '@/lib/navigation/way-back';
import { defaultRangeExtractor, useWindowVirtualizer } from '@tanstack/react-virtual';
import { type KeyboardEvent, useCallback, useLayoutEffect, useRef, useState } from 'react';
import { useLocation } from 'react-router';

type Props = {
  legs: string[];
  overdue: ReadonlySet<string>;
  setting: RowSetting;
  label: string;
  sort: BoardSort;
  onSort: (sort: BoardSort) => void;
};

const ROW_HEIGHT_PX = 54;
/** The table's header stays at the top of the window and covers this height. */
const HEAD_HEIGHT_PX = 44;

/** Renders the visible rows and a few around them, as a table that still declares the number of all rows. */
export function BoardTable({ legs, overdue, setting, label, sort, onSort }: Props) {
  const body = useRef<HTMLDivElement>(null);
  const [margin, setMargin] = useState(0);
  useLayoutEffect(() => {
    const top = body.current?.getBoundingClientRect().top ?? 0;
    setMargin(top + window.scrollY);
  }, []);
  // The focused row stays rendered at any scroll position, because a removed row loses the focus.
  // The row whose link was followed is rendered at once, because the focus returns to it.
  const { key } = useLocation();
  const [focused, setFocused] = useState<string | null>(() => legs.find(isLegAt(wentOnFrom(key))) ?? null);
  const kept = focused === null ? -1 : legs.indexOf(focused);
  const virtualizer = useWindowVirtualizer({
    count: legs.length,
    estimateSize: () => ROW_HEIGHT_PX,
    overscan: 12,
    scrollMargin: margin,
    scrollPaddingStart: HEAD_HEIGHT_PX,
    rangeExtractor: (range) => {
      const drawn = defaultRangeExtractor(range);
      return kept < 0 || drawn.includes(kept) ? drawn : [...drawn, kept].sort((a, b) => a - b);
    },
    getItemKey: useCallback((index: number) => legs[index] ?? index, [legs]),
  });
  const move = useRowKeys(legs.length, (index) => virtualizer.scrollToIndex(index, { align: 'auto' }), body);
  const desks = setting.hasDesks ? '' : (styles['noDesks'] ?? '');
  return (
    <div
      role="table"
      aria-label={label}
      aria-rowcount={legs.length + 1}
      className={`${styles['table'] ?? ''} ${desks}`}
    >
      <BoardHead direction={setting.direction} hasDesks={setting.hasDesks} sort={sort} onSort={onSort} />
      {/* Arrow keys are a convenience on top of Tab: every row's link is reachable without them. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- see above */}
      <div
        role="rowgroup"
        ref={body}
        className={styles['body']}
        style={{ height: virtualizer.getTotalSize() }}
        onKeyDown={move}
        onFocus={(event) => setFocused(legOf(event.target))}
        onBlur={() => setFocused(null)}
      >
        {virtualizer.getVirtualItems().map((item) => (
          <div
            key={item.key}
            ref={virtualizer.measureElement}
            data-index={item.index}
            data-leg={legs[item.index]}
            role="row"
            aria-rowindex={item.index + 2}
            className={styles['row']}
            style={{ transform: `translateY(${item.start - margin}px)` }}
          >
            <BoardRow
              leg={legs[item.index] ?? ''}
              setting={setting}
              isOverdue={overdue.has(legs[item.index] ?? '')}
            />
          </div>
        ))}
      </div>
    </div>
  );
}

const isLegAt = (address: string | null) => (leg: string) => address === `/flight/${encodeURIComponent(leg)}`;

const legOf = (within: Element): string | null =>
  within.closest<HTMLElement>('[data-leg]')?.dataset['leg'] ?? null;

/** Up, down, Home and End move between flights, including those that are not rendered yet. */
function useRowKeys(
  count: number,
  scrollTo: (index: number) => void,
  body: React.RefObject<HTMLDivElement | null>,
) {
  return (event: KeyboardEvent<HTMLDivElement>) => {
    const row = (event.target as Element).closest<HTMLElement>('[data-index]');
    const index = Number(row?.dataset['index'] ?? -1);
    const to = { ArrowDown: index + 1, ArrowUp: index - 1, Home: 0, End: count - 1 }[event.key];
    if (to === undefined || index < 0 || to < 0 || to >= count) return;
    event.preventDefault();
    scrollTo(to);
    focusWhenDrawn(body, to);
  };
}

/** Rendering follows scrolling after a frame or two. */
function focusWhenDrawn(body: React.RefObject<HTMLDivElement | null>, index: number, tries = 6): void {
  const link = body.current?.querySelector<HTMLElement>(`[data-index="${index}"] a`);
  if (link) link.focus({ preventScroll: false });
  else if (tries > 0) requestAnimationFrame(() => focusWhenDrawn(body, index, tries - 1));
}
