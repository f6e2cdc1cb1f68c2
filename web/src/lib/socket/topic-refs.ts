import type { Cancel, Timers } from '@/lib/clock/timers';

/** How long a topic without viewers is kept, so that going back and forth does not fetch a board again. */
const LINGER_MS = 4_000;

/** Counts the followers of each topic, so that two parts of a page share one subscription. */
export class TopicRefs {
  readonly #timers: Timers;
  readonly #onFirst: (topic: string) => void;
  readonly #onLast: (topic: string) => void;
  readonly #counts = new Map<string, number>();
  readonly #leaving = new Map<string, Cancel>();

  constructor(timers: Timers, onFirst: (topic: string) => void, onLast: (topic: string) => void) {
    this.#timers = timers;
    this.#onFirst = onFirst;
    this.#onLast = onLast;
  }

  /** Adds a follower; the returned function removes it, and may be called twice. */
  add(topic: string): Cancel {
    const count = this.#counts.get(topic) ?? 0;
    const kept = this.#leaving.get(topic);
    kept?.();
    this.#leaving.delete(topic);
    this.#counts.set(topic, count + 1);
    if (count === 0 && !kept) this.#onFirst(topic);
    let released = false;
    return () => {
      if (released) return;
      released = true;
      this.#release(topic);
    };
  }

  topics(): string[] {
    return [...this.#counts.keys(), ...this.#leaving.keys()];
  }

  has(topic: string): boolean {
    return this.#counts.has(topic) || this.#leaving.has(topic);
  }

  #release(topic: string): void {
    const count = (this.#counts.get(topic) ?? 0) - 1;
    if (count > 0) {
      this.#counts.set(topic, count);
      return;
    }
    this.#counts.delete(topic);
    const cancel = this.#timers.after(LINGER_MS, () => {
      this.#leaving.delete(topic);
      this.#onLast(topic);
    });
    this.#leaving.set(topic, cancel);
  }
}
