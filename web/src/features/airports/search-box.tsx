import { Icon } from '@/components/icon';
import styles from '@/features/airports/search-box.module.css';
import { type Hit, onlyHit } from '@/features/airports/search-hits';
import { AirportOption, FlightOption } from '@/features/airports/search-options';
import { type KeyboardEvent, useEffect, useId, useRef, useState } from 'react';
import { useNavigate } from 'react-router';

type Props = {
  words: string;
  onWords: (words: string) => void;
  hits: Hit[];
  /** Whether the hits belong to the current words. */
  isAnswered: boolean;
  /** The announcement of the hits for screen readers. */
  said: string;
};

/**
 * Search by flight, route, airline or airport, as a combobox: arrows select, Enter opens the selected or the only
 * hit, Escape closes the list and then empties the field.
 */
export function SearchBox({ words, onWords, hits, isAnswered, said }: Props) {
  const navigate = useNavigate();
  const id = useId();
  const [isOpen, setIsOpen] = useState(false);
  const [chosen, setChosen] = useState<string | null>(null);
  const at = hits.findIndex((hit) => hit.key === chosen);
  const isShown = isOpen && hits.length > 0;
  const openWhenAnswered = useOpenWhenAnswered(words, hits, isAnswered);

  const onKeyDown = (event: KeyboardEvent) => {
    const to = { ArrowDown: at + 1, ArrowUp: at < 0 ? hits.length - 1 : at - 1 }[event.key];
    if (to !== undefined && hits.length > 0) {
      event.preventDefault();
      setIsOpen(true);
      setChosen(hits[(to + hits.length) % hits.length]?.key ?? null);
    } else if (event.key === 'Enter') {
      event.preventDefault();
      const hit = hits[at];
      setIsOpen(true);
      if (hit) void navigate(hit.to);
      else openWhenAnswered();
    } else if (event.key === 'Escape') {
      event.preventDefault();
      if (!isShown) onWords('');
      setIsOpen(false);
      setChosen(null);
    }
  };

  const group = (kind: Hit['kind'], name: string) => {
    const shown = hits.flatMap((hit, index) => (hit.kind === kind ? [{ hit, index }] : []));
    if (shown.length === 0) return null;
    return (
      <div role="group" aria-label={name} className={styles['group']}>
        <div className={styles['groupName']} aria-hidden="true">
          {name}
        </div>
        {shown.map(({ hit, index }) => {
          const props = { id: `${id}-${index}`, isChosen: index === at };
          return hit.kind === 'airport' ? (
            <AirportOption key={hit.key} {...props} hit={hit} />
          ) : (
            <FlightOption key={hit.key} {...props} hit={hit} />
          );
        })}
      </div>
    );
  };

  return (
    <form role="search" className={styles['search']} onSubmit={(event) => event.preventDefault()}>
      <Icon name="search" size="20px" />
      <input
        type="search"
        role="combobox"
        aria-label="Search flights and airports"
        aria-autocomplete="list"
        aria-expanded={isShown}
        aria-controls={`${id}-list`}
        aria-activedescendant={isShown && at >= 0 ? `${id}-${at}` : undefined}
        placeholder="Flight, route, airline or airport"
        autoComplete="off"
        spellCheck={false}
        enterKeyHint="search"
        maxLength={64}
        value={words}
        onChange={(event) => {
          onWords(event.target.value);
          setIsOpen(true);
          setChosen(null);
        }}
        onKeyDown={onKeyDown}
        onFocus={() => setIsOpen(true)}
        onBlur={() => setIsOpen(false)}
      />
      {/* The field keeps the focus, because pressing on the list must not close it before the click. */}
      <div
        id={`${id}-list`}
        role="listbox"
        aria-label="Flights and airports found"
        tabIndex={-1}
        className={styles['list']}
        hidden={!isShown}
        onPointerDown={(event) => event.preventDefault()}
      >
        {isShown ? group('airport', 'Airports') : null}
        {isShown ? group('flight', 'Flights') : null}
      </div>
      <p className="sr-only" role="status">
        {said}
      </p>
    </form>
  );
}

/** Opens the only hit for the typed text: at once, or when the response arrives, unless the text changes. */
function useOpenWhenAnswered(words: string, hits: Hit[], isAnswered: boolean): () => void {
  const navigate = useNavigate();
  const entered = useRef<string | null>(null);
  const open = () => {
    const hit = entered.current === words && isAnswered ? onlyHit(hits, words) : null;
    if (isAnswered || entered.current !== words) entered.current = null;
    if (hit) void navigate(hit.to);
  };
  useEffect(open);
  return () => {
    entered.current = words;
    open();
  };
}
