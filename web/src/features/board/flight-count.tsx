import styles from '@/features/board/board-page.module.css';
import type { BoardQuery } from '@/features/board/board-query';
import { useServices } from '@/lib/services/services';
import { useEffect, useState } from 'react';

type Props = { query: BoardQuery; known: boolean; shown: number; hidden: number };

/** How long an answer is kept right: names, by which flights are found, come after the flights. Real time. */
const ANSWER_MS = 3_000;

/**
 * How many flights are shown. The number goes down with every flight that ages out; aloud it is told only in
 * answer to somebody, who has opened the board or searched it. After the answer there is nothing to be read
 * there, as it would soon be wrong.
 */
export function FlightCount({ query, known, shown, hidden }: Props) {
  const { timers } = useServices();
  const words = known ? countInWords(shown, hidden) : 'Fetching the board…';
  const [answered, setAnswered] = useState<{ query: BoardQuery; known: boolean } | null>(null);
  useEffect(() => timers.after(ANSWER_MS, () => setAnswered({ query, known })), [timers, query, known]);
  const isAnswered = answered?.query === query && answered.known === known;
  return (
    <>
      <p className={styles['count']}>{words}</p>
      <p className="sr-only" role="status" data-testid="count-announcer">
        {isAnswered ? '' : words}
      </p>
    </>
  );
}

function countInWords(shown: number, hidden: number): string {
  const flights = shown === 1 ? '1 flight' : `${shown} flights`;
  return hidden === 0 ? flights : `${flights}, ${hidden} more outside of this view`;
}
