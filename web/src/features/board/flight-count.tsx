import styles from '@/features/board/board-page.module.css';
import type { BoardQuery } from '@/features/board/board-query';
import { useState } from 'react';

type Props = { query: BoardQuery; known: boolean; shown: number; hidden: number };

/**
 * How many flights are shown. The number goes down with every flight that ages out; aloud it is told only in
 * answer to somebody, who has opened the board or searched it.
 */
export function FlightCount({ query, known, shown, hidden }: Props) {
  const words = known ? countInWords(shown, hidden) : 'Fetching the board…';
  const [told, setTold] = useState({ query, known, words });
  if (told.query !== query || told.known !== known) setTold({ query, known, words });
  return (
    <>
      <p className={styles['count']}>{words}</p>
      <p className="sr-only" role="status" data-testid="count-announcer">
        {told.words}
      </p>
    </>
  );
}

function countInWords(shown: number, hidden: number): string {
  const flights = shown === 1 ? '1 flight' : `${shown} flights`;
  return hidden === 0 ? flights : `${flights}, ${hidden} more outside of this view`;
}
