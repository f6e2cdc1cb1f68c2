import type { BoardList } from '@/features/board/use-board';
import type { BoardQuery, StatusGroup, TimeWindow } from '@/features/board/board-query';
import { SearchField } from '@/features/board/search-field';
import styles from '@/features/board/board-filters.module.css';
import type { Direction } from '@/lib/store/topic-match';
import { type ReactNode, useId, useState } from 'react';

type Props = {
  direction: Direction;
  query: BoardQuery;
  list: Pick<BoardList, 'airlines' | 'terminals'>;
  onChange: (change: Partial<BoardQuery>) => void;
};

/** Search and filters; all of it is kept in the address. */
export function BoardFilters({ direction, query, list, onChange }: Props) {
  const gone = direction === 'departures' ? 'Departed' : 'Landed';
  const hideId = useId();
  const choicesId = useId();
  // Matters on a phone alone, where there is no room for all of them.
  const [isOpen, setIsOpen] = useState(false);
  const set = [query.airline, query.terminal, query.status, query.window === 'now' ? '' : query.window];
  const count = set.filter(Boolean).length;
  return (
    <form role="search" className={styles['filters']} onSubmit={(event) => event.preventDefault()}>
      <SearchField value={query.q} onChange={(q) => onChange({ q })} />
      <button
        type="button"
        className={styles['more']}
        aria-expanded={isOpen}
        aria-controls={choicesId}
        onClick={() => setIsOpen(!isOpen)}
      >
        Filters{count === 0 ? '' : ` (${count})`}
      </button>
      <div id={choicesId} className={styles['choices']} data-open={isOpen}>
        <Choice label="Airline" value={query.airline} onChange={(airline) => onChange({ airline })}>
          <option value="">All airlines</option>
          {list.airlines.map((airline) => (
            <option key={airline.code} value={airline.code}>
              {airline.name === airline.code ? airline.code : `${airline.name} (${airline.code})`}
            </option>
          ))}
        </Choice>
        {list.terminals.length === 0 ? null : (
          <Choice label="Terminal" value={query.terminal} onChange={(terminal) => onChange({ terminal })}>
            <option value="">All terminals</option>
            {list.terminals.map((terminal) => (
              <option key={terminal} value={terminal}>
                Terminal {terminal}
              </option>
            ))}
          </Choice>
        )}
        <Choice
          label="Status"
          value={query.status}
          onChange={(status) => onChange({ status: status as StatusGroup | '' })}
        >
          <option value="">Any status</option>
          <option value="upcoming">On time</option>
          {direction === 'departures' ? <option value="boarding">At the gate</option> : null}
          <option value="delayed">Delayed</option>
          <option value="cancelled">Cancelled or diverted</option>
          <option value="gone">{gone}</option>
        </Choice>
        <Choice
          label="Time"
          value={query.window}
          onChange={(window) => onChange({ window: window as TimeWindow })}
        >
          <option value="now">From now on</option>
          <option value="4h">Next 4 hours</option>
          <option value="all">Whole day</option>
        </Choice>
      </div>
      <span className={styles['check']}>
        <input
          id={hideId}
          type="checkbox"
          checked={query.hideDeparted}
          onChange={(event) => onChange({ hideDeparted: event.target.checked })}
        />
        <label htmlFor={hideId}>Hide {gone.toLowerCase()}</label>
      </span>
    </form>
  );
}

type ChoiceProps = { label: string; value: string; onChange: (value: string) => void; children: ReactNode };

function Choice({ label, value, onChange, children }: ChoiceProps) {
  return (
    <select
      className={styles['choice']}
      aria-label={label}
      value={value}
      onChange={(event) => onChange(event.target.value)}
    >
      {children}
    </select>
  );
}
