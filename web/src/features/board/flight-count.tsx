import styles from '@/features/board/board-page.module.css';
import type { BoardQuery } from '@/features/board/board-query';
import { useServices } from '@/lib/services/services';
import { useEffect, useState } from 'react';

type Props = { query: BoardQuery; known: boolean; shown: number; hidden: number };

/** How long an announcement is updated: names, which the search uses, arrive after the flights. Real time. */
const ANSWER_MS = 3_000;

/**
 * The number of shown flights. It decreases with every flight that ages out, but is announced to screen readers only
 * after the user opens or searches the board. Afterwards the announcement is removed, because it would soon be
 * wrong.
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
