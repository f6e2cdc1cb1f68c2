import type { Cancel, Timers } from '@/lib/clock/timers';
import type { ClockFrame } from '@/wire/types';

/** The maximum delay of a ping in transit. Real time. */
const LATE_MAX_MS = 2_000;

/**
 * The hub's time. It may be a replayed day running faster than ours, so what is "in an hour" on a board
 * is decided by this clock and never by the browser's. It keeps running when the link is lost: a screen
 * without a link still has to know that a departure has passed.
 */
export class OperationalClock {
  readonly #timers: Timers;
  readonly #listeners = new Set<() => void>();
  #base_ms: number | null = null;
  #heard_ms = 0;
  #speed = 1;
  #wasBehind = false;

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Before the first hello the browser's own time is the best guess there is. */
  now_ms(): number {
    return this.at_ms(this.#timers.now());
  }

  /** The operational instant that belongs to an instant of real time. */
  at_ms(real_ms: number): number {
    if (this.#base_ms === null) return real_ms;
    return this.#base_ms + (real_ms - this.#heard_ms) * this.#speed;
  }

  speed(): number {
    return this.#speed;
  }

  /** Handles `hello`, which carries the hub's time for the first time. */
  set(clock: ClockFrame): void {
    const base_ms = Date.parse(clock.now);
    if (!Number.isFinite(base_ms)) return;
    this.#base_ms = base_ms;
    this.#heard_ms = this.#timers.now();
    this.#speed = clock.speed > 0 ? clock.speed : 1;
    this.#wasBehind = false;
    for (const listener of this.#listeners) listener();
  }

  /**
   * A ping: the hub says it again. What was late on its way tells too early a time, so an earlier time than
   * ours counts only when two pings in a row tell it.
   */
  correct(clock: ClockFrame): void {
    const ahead_ms = (Date.parse(clock.now) - this.now_ms()) / this.#speed;
    if (this.#base_ms === null || clock.speed !== this.#speed || ahead_ms >= 0) {
      this.set(clock);
      return;
    }
    const isBehind = ahead_ms < -LATE_MAX_MS;
    if (isBehind && this.#wasBehind) this.set(clock);
    else this.#wasBehind = isBehind;
  }

  /** Notified when the clock is set, which may move it by years. */
  subscribe(listener: () => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }
}
