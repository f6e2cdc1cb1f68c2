import type { Timers } from '@/lib/clock/timers';

/** How often it is looked whether the machine has slept. */
const LOOK_MS = 1_000;
/** A smaller step may be a network time update, which the hub's pings soon correct. */
const NOTICED_MS = 2_000;
/** For so long the hub is given to say what time it is, before a sleep is believed. */
const BELIEVE_AFTER_MS = 3_000;

type Clock = Timers & { wallAhead_ms(): number; skip(slept_ms: number): void };

type Link = {
  /** Drops the link, which may have died in the sleep, and asks the hub what time it is. */
  resync(): void;
  /** How often the hub has sent its time. */
  greetings(): number;
};

/**
 * Detects that the device's clock ran ahead of the steady one: the machine was suspended, or the clock was set.
 * These cases look the same, so the hub is asked at once. If it does not answer, the longer duration counts,
 * because the shown data may be that old.
 */
export class SleepWatch {
  readonly #clock: Clock;
  readonly #link: Link;
  #ahead_ms: number;

  constructor(clock: Clock, link: Link) {
    this.#clock = clock;
    this.#link = link;
    this.#ahead_ms = clock.wallAhead_ms();
  }

  start(): void {
    const lookOn = () => {
      this.#clock.after(LOOK_MS, () => {
        this.look();
        lookOn();
      });
    };
    lookOn();
  }

  /** Looks at once, as when the page is shown again. */
  look(): void {
    const before_ms = this.#ahead_ms;
    this.#ahead_ms = this.#clock.wallAhead_ms();
    const slept_ms = this.#ahead_ms - before_ms;
    // A clock that was set back does not indicate a suspension.
    if (slept_ms < NOTICED_MS) return;
    const greetings = this.#link.greetings();
    this.#link.resync();
    this.#clock.after(BELIEVE_AFTER_MS, () => {
      if (this.#link.greetings() > greetings) return;
      this.#clock.skip(slept_ms);
      this.#ahead_ms -= slept_ms;
    });
  }
}
