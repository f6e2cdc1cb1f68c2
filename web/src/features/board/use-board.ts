import { type Names, selectFlights, terminalOf } from '@/features/board/board-filter';
import type { BoardQuery } from '@/features/board/board-query';
import { isOverdue } from '@/lib/flight/overdue';
import { useDirectory } from '@/lib/services/use-directory';
import { useNow } from '@/lib/services/use-now';
import { useServices } from '@/lib/services/services';
import { useTopic } from '@/lib/services/use-topic';
import { type Direction, boardTopic } from '@/lib/store/topic-match';
import type { TopicView } from '@/lib/store/topic-view';
import { useMemo } from 'react';

const MINUTE_MS = 60_000;

export type BoardList = {
  view: TopicView;
  legs: string[];
  /** Flights whose time has passed without a newer one. */
  overdue: ReadonlySet<string>;
  /** The number of flights of the board that are not shown. */
  hidden: number;
  airlines: { code: string; name: string }[];
  terminals: string[];
  hasDesks: boolean;
};

/** The filtered rows of a board, and the available filter values. */
export function useBoard(iata: string, direction: Direction, query: BoardQuery): BoardList {
  const { store } = useServices();
  const view = useTopic(boardTopic(iata, direction));
  const directory = useDirectory();
  const now_ms = useNow(MINUTE_MS);
  const names = useMemo<Names>(
    () => ({
      city: (code) => directory.airports.get(code)?.city ?? code,
      airline: (code) => directory.airlines.get(code) ?? code,
      icao: (code) => directory.icao.get(code) ?? null,
    }),
    [directory],
  );
  return useMemo(() => {
    const flights = [...view.legs].flatMap((leg) => store.flight(leg)?.flight ?? []);
    const shown = selectFlights(flights, direction, query, now_ms, names);
    const codes = [...new Set(flights.map((flight) => flight.carrier))];
    const terminals = new Set(flights.flatMap((flight) => terminalOf(flight, direction) ?? []));
    return {
      view,
      legs: shown.map((flight) => flight.leg),
      overdue: new Set(
        shown.filter((flight) => isOverdue(flight, direction, now_ms)).map((flight) => flight.leg),
      ),
      hidden: flights.length - shown.length,
      airlines: codes
        .map((code) => ({ code, name: names.airline(code) }))
        .sort((a, b) => a.name.localeCompare(b.name)),
      terminals: [...terminals].sort((a, b) => a.localeCompare(b, 'en', { numeric: true })),
      hasDesks: flights.some((flight) =>
        direction === 'departures' ? flight.departure.check_in !== null : flight.arrival.belt !== null,
      ),
    };
  }, [store, view, direction, query, now_ms, names]);
}
