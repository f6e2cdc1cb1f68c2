import type { Timers } from '@/lib/clock/timers';

/** How often it is looked whether the machine has slept. */
const LOOK_MS = 1_000;
/** Less may be a network setting the device's clock, and is soon put right by the hub's pings. */
const NOTICED_MS = 2_000;
/** For so long the hub is given to say what time it is, before a sleep is believed. */
const BELIEVE_AFTER_MS = 3_000;

type Clock = Timers & { wallAhead_ms(): number; skip(slept_ms: number): void };

type Link = {
  /** Drops the link, which may have died in the sleep, and asks the hub what time it is. */
  resync(): void;
  /** How often the hub has said what time it is. */
  greetings(): number;
};

/**
 * Notices that the device's clock ran ahead of the steady one: the machine has slept, or somebody has set the
 * clock. Nobody can tell which, so the hub is asked at once. When it does not answer, the longer of the two is
 * believed: what is shown may be as old as that.
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
    // A clock that was set back tells nothing of a sleep.
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
