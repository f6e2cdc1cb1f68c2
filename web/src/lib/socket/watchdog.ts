import type { Cancel, Timers } from '@/lib/clock/timers';

/**
 * A line on which nothing was heard for this many ping intervals is dead, whatever TCP believes: nothing is
 * called live beyond that.
 */
const SILENT_PINGS = 2;
/**
 * How often to look. A machine that slept wakes with its timers as they were, so a single long wait would let
 * an old board pass for a live one for as long as was left of it.
 */
const LOOK_MS = 1_000;

/** Notices silence on any of a connection's lines. Armed by the hub's ping interval, fed by every frame. */
export class Watchdog {
  readonly #timers: Timers;
  readonly #bite: () => void;
  readonly #heard_ms = new Map<string | null, number>();
  #limit_ms: number | null = null;
  #cancel: Cancel | null = null;

  constructor(timers: Timers, bite: () => void) {
    this.#timers = timers;
    this.#bite = bite;
  }

  arm(ping_s: number): void {
    this.#cancel?.();
    this.#limit_ms = ping_s > 0 ? ping_s * 1000 * SILENT_PINGS : null;
    if (this.#limit_ms !== null) this.#wait();
  }

  /** From here on something must be heard on this line. */
  begin(line: string | null): void {
    this.#heard_ms.set(line, this.#timers.now());
  }

  /** Only notes the time: a timer set anew for every frame of a busy board would be waste. */
  feed(line: string | null): void {
    if (this.#heard_ms.has(line)) this.#heard_ms.set(line, this.#timers.now());
  }

  /** Nothing more is expected of it. */
  end(line: string): void {
    this.#heard_ms.delete(line);
  }

  /** When the line that has been silent for longest was last heard; null when nothing is listened to. */
  quietest_ms(): number | null {
    return this.#heard_ms.size === 0 ? null : Math.min(...this.#heard_ms.values());
  }

  /** Looks at once, as after a sleep. */
  look(): void {
    if (this.#left_ms() <= 0) this.#bite();
  }

  /** Forgets the lines and stops looking. */
  disarm(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#limit_ms = null;
    this.#heard_ms.clear();
  }

  #left_ms(): number {
    const quietest_ms = this.quietest_ms();
    if (this.#limit_ms === null || quietest_ms === null) return Infinity;
    return quietest_ms + this.#limit_ms - this.#timers.now();
  }

  #wait(): void {
    this.#cancel = this.#timers.after(Math.min(LOOK_MS, Math.max(0, this.#left_ms())), () => {
      this.look();
      if (this.#limit_ms !== null) this.#wait();
    });
  }
}
