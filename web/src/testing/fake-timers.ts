import type { Cancel, Timers } from '@/lib/clock/timers';

/** Time that moves only when a test says so. */
export class FakeTimers implements Timers {
  #now_ms: number;
  #waiting: { at_ms: number; run: () => void }[] = [];

  constructor(start_ms = 1_000_000) {
    this.#now_ms = start_ms;
  }

  now(): number {
    return this.#now_ms;
  }

  after(delay_ms: number, run: () => void): Cancel {
    const entry = { at_ms: this.#now_ms + delay_ms, run };
    this.#waiting.push(entry);
    return () => {
      this.#waiting = this.#waiting.filter((other) => other !== entry);
    };
  }

  /** Runs all that falls due on the way, in its order. */
  advance(by_ms: number): void {
    const end_ms = this.#now_ms + by_ms;
    for (;;) {
      const next = this.#waiting
        .filter((entry) => entry.at_ms <= end_ms)
        .sort((a, b) => a.at_ms - b.at_ms)[0];
      if (!next) break;
      this.#waiting = this.#waiting.filter((entry) => entry !== next);
      this.#now_ms = Math.max(this.#now_ms, next.at_ms);
      next.run();
    }
    this.#now_ms = end_ms;
  }

  /** A machine asleep: its clock goes on, and whatever waits has as long to wait afterwards as before. */
  sleep(for_ms: number): void {
    this.#now_ms += for_ms;
    for (const entry of this.#waiting) entry.at_ms += for_ms;
  }

  /** How long until the next thing happens, or null when nothing waits. */
  next_ms(): number | null {
    if (this.#waiting.length === 0) return null;
    return Math.min(...this.#waiting.map((entry) => entry.at_ms)) - this.#now_ms;
  }
}
