import type { Cancel, Timers } from '@/lib/clock/timers';

/**
 * A line without a frame for this many ping intervals is dead, whatever state TCP reports: the page is no longer
 * live.
 */
const SILENT_PINGS = 2;
/**
 * The check interval. Timers of a suspended machine continue after it wakes, so a single long timer would show an old
 * board as live for its remaining time.
 */
const LOOK_MS = 1_000;

/** Detects silence on any of a connection's lines. The hub's ping interval arms it, every frame resets it. */
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

  /** From now on this line must deliver frames. */
  begin(line: string | null): void {
    this.#heard_ms.set(line, this.#timers.now());
  }

  /** Only records the time: a new timer for every frame of a busy board would be wasteful. */
  feed(line: string | null): void {
    if (this.#heard_ms.has(line)) this.#heard_ms.set(line, this.#timers.now());
  }

  /** Removes a line. */
  end(line: string): void {
    this.#heard_ms.delete(line);
  }

  /** The time of the last frame of the line with the longest silence; null without lines. */
  quietest_ms(): number | null {
    return this.#heard_ms.size === 0 ? null : Math.min(...this.#heard_ms.values());
  }

  /** Checks at once, for example after a suspension. */
  look(): void {
    if (this.#left_ms() <= 0) this.#bite();
  }

  /** Removes all lines and stops checking. */
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
