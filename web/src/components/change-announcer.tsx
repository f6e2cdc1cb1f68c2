import { useServices } from '@/lib/services/services';
import { flightName } from '@/lib/flight/flight-name';
import type { Flight } from '@/wire/types';
import { useEffect, useRef, useState } from 'react';

/** How many flights are named; the rest are counted. */
const NAMED = 3;

/** What is worth saying of a flight between two pictures of it. Must stay the same function. */
export type News = (before: Flight, after: Flight) => string[];

type Props = { topic: string; news: News; every_ms: number };

/** A flight as it was when it was last spoken of, and as it is. */
type Heard = { before: Flight; after: Flight };

/** Tells a screen reader, politely and not more often than `every_ms`, what has changed in a topic. */
export function ChangeAnnouncer({ topic, news, every_ms }: Props) {
  const { store, timers } = useServices();
  const [words, setWords] = useState('');
  const waiting = useRef(new Map<string, Heard>());
  useEffect(() => {
    const heard = waiting.current;
    heard.clear();
    const stop = store.subscribeChanges(topic, ({ before, after }) => {
      // A gate and, seconds later, "Boarding" are two changes and both are news; a gate there and back is none.
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
