import type { Cancel, Timers } from '@/lib/clock/timers';

/** A link on which nothing was heard for this many ping intervals is dead, whatever TCP believes. */
const SILENT_PINGS = 2.5;

/** Notices silence. Armed by the hub's ping interval, fed by every frame. */
export class Watchdog {
  readonly #timers: Timers;
  readonly #bite: () => void;
  #limit_ms: number | null = null;
  #heard_ms = 0;
  #cancel: Cancel | null = null;

  constructor(timers: Timers, bite: () => void) {
    this.#timers = timers;
    this.#bite = bite;
  }

  arm(ping_s: number): void {
    this.disarm();
    if (!(ping_s > 0)) return;
    this.#limit_ms = ping_s * 1000 * SILENT_PINGS;
    this.feed();
    this.#wait(this.#limit_ms);
  }

  /** Only notes the time: a timer set anew for every frame of a busy board would be waste. */
  feed(): void {
    this.#heard_ms = this.#timers.now();
  }

  disarm(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#limit_ms = null;
  }

  #wait(delay_ms: number): void {
    this.#cancel = this.#timers.after(delay_ms, () => this.#look());
  }

  #look(): void {
    if (this.#limit_ms === null) return;
    const left_ms = this.#heard_ms + this.#limit_ms - this.#timers.now();
    if (left_ms > 0) {
      this.#wait(left_ms);
      return;
    }
    this.disarm();
    this.#bite();
  }
}
