import { useServices } from '@/lib/services/services';
import { flightName } from '@/lib/flight/flight-name';
import type { Flight } from '@/wire/types';
import { useEffect, useRef, useState } from 'react';

/** The maximum number of flights that are named; the rest are counted. */
const NAMED = 3;

/** Describes the difference between two states of a flight. Must keep its identity between renders. */
export type News = (before: Flight, after: Flight) => string[];

type Props = { topic: string; news: News; every_ms: number };

/** A flight's state at its last announcement, and its current state. */
type Heard = { before: Flight; after: Flight };

/** Announces the changes of a topic to screen readers, politely, at most once every `every_ms`. */
export function ChangeAnnouncer({ topic, news, every_ms }: Props) {
  const { store, timers } = useServices();
  const [words, setWords] = useState('');
  const waiting = useRef(new Map<string, Heard>());
  useEffect(() => {
    const heard = waiting.current;
    heard.clear();
    const stop = store.subscribeChanges(topic, ({ before, after }) => {
      // A gate and "Boarding" seconds later are two changes, both announced; a gate that changes back is not.
      heard.set(after.leg, { before: heard.get(after.leg)?.before ?? before, after });
    });
    let cancel = timers.after(every_ms, speak);
    function speak(): void {
      const said = [...heard.values()].flatMap(({ before, after }) => {
        const parts = news(before, after);
        return parts.length === 0 ? [] : [`${flightName(after)} ${parts.join(', ')}`];
      });
      if (said.length > 0) setWords(summary(said));
      heard.clear();
      cancel = timers.after(every_ms, speak);
    }
    return () => {
      stop();
      cancel();
    };
  }, [store, timers, topic, news, every_ms]);
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
