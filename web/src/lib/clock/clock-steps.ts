import type { OperationalClock } from '@/lib/clock/operational-clock';
import type { Cancel, Timers } from '@/lib/clock/timers';

/** How often the real clock is looked at to see whether the hub's has moved on. */
const LOOK_MS = 500;

/**
 * The hub's time rounded down to `step_ms`, as it was at the last look. It stands still in between: a replayed
 * day may run so fast that a step is over before what shows it is drawn, and drawing would never end.
 */
export class ClockSteps {
  readonly #clock: OperationalClock;
  readonly #timers: Timers;
  readonly #step_ms: number;
  #now_ms: number;

  constructor(clock: OperationalClock, timers: Timers, step_ms: number) {
    this.#clock = clock;
    this.#timers = timers;
    this.#step_ms = step_ms;
    this.#now_ms = this.#read();
  }

  readonly now_ms = (): number => this.#now_ms;

  /** Notifies of each step, at most once per check, and at once after the clock was set. */
  readonly subscribe = (tell: () => void): Cancel => {
    const look = () => {
      const now_ms = this.#read();
      if (now_ms === this.#now_ms) return;
      this.#now_ms = now_ms;
      tell();
    };
    let cancelTimer: Cancel;
    const lookOn = () => {
      cancelTimer = this.#timers.after(LOOK_MS, () => {
        lookOn();
        look();
      });
    };
    lookOn();
    const cancelClock = this.#clock.subscribe(look);
    // Between the first drawing and this the clock may have been set.
    look();
    return () => {
      cancelTimer();
      cancelClock();
    };
  };

  #read(): number {
    return Math.floor(this.#clock.now_ms() / this.#step_ms) * this.#step_ms;
  }
}
