import { useServices } from '@/lib/services/services';
import { flightName } from '@/lib/flight/flight-name';
import { statusWords } from '@/lib/flight/status-words';
import type { SeenChange } from '@/lib/store/flight-store';
import { type Direction, boardTopic } from '@/lib/store/topic-match';
import { useEffect, useRef, useState } from 'react';

/** Not more often than this: a busy board must not talk without a pause. */
const EVERY_MS = 15_000;
/** How many flights are named; the rest are counted. */
const NAMED = 3;

/** Tells a screen reader, now and then and politely, what has changed on the board. */
export function ChangeAnnouncer({ iata, direction }: { iata: string; direction: Direction }) {
  const { store, timers } = useServices();
  const [words, setWords] = useState('');
  const waiting = useRef(new Map<string, string>());
  useEffect(() => {
    const heard = waiting.current;
    heard.clear();
    const stop = store.subscribeChanges(boardTopic(iata, direction), (change) => {
      const said = changeInWords(change, direction);
      if (said !== null) heard.set(change.after.leg, said);
    });
    let cancel = timers.after(EVERY_MS, speak);
    function speak(): void {
      if (heard.size > 0) setWords(summary([...heard.values()]));
      heard.clear();
      cancel = timers.after(EVERY_MS, speak);
    }
    return () => {
      stop();
      cancel();
    };
  }, [store, timers, iata, direction]);
  return (
    <p className="sr-only" aria-live="polite" data-testid="announcer">
      {words}
    </p>
  );
}

function summary(changes: string[]): string {
  const named = changes.slice(0, NAMED).join('; ');
  const more = changes.length - NAMED;
  return more > 0 ? `${named}; and ${more} more changes.` : `${named}.`;
}

/** Only what a traveller would act upon; an estimate that creeps by a minute is not told. */
function changeInWords({ after, fields }: SeenChange, direction: Direction): string | null {
  const side = direction === 'departures' ? 'departure' : 'arrival';
  const name = flightName(after);
  if (fields.includes('status')) return `${name} ${statusWords(after, direction).words}`;
  const gate = after[side].gate;
  if (fields.includes(`${side}.gate`) && gate !== null) return `${name} gate ${gate}`;
  if (direction === 'arrivals' && fields.includes('arrival.belt') && after.arrival.belt !== null) {
    return `${name} belt ${after.arrival.belt}`;
  }
  return null;
}
