import type { Cancel, Timers } from '@/lib/clock/timers';

/** How often the hub is asked which build it serves; half as long to half as long again. Real time. */
const LOOK_MS = 600_000;
/** A build that was loaded, or tried, is not loaded again for so long: nodes of two builds must make no circle. */
const TRIED_FOR_MS = 3_600_000;
/** Under this name the tried builds are kept for as long as the tab is open. */
const TRIED = 'gatecall.builds';

export type BuildWatchOptions = {
  /** The build that this page is of. */
  own: string | null;
  /** The build that the hub serves now; null when it cannot be found out. */
  served: () => Promise<string | null>;
  /** What outlives the page and not the tab; null where the browser keeps nothing. */
  memory: Pick<Storage, 'getItem' | 'setItem'> | null;
  timers: Timers;
  random: () => number;
  reload: () => void;
};

/** Detects that the hub serves another build of this page, and loads it once, when the caller requests it. */
export class BuildWatch {
  readonly #options: BuildWatchOptions;
  readonly #listeners = new Set<() => void>();
  #other: string | null = null;
  #cancel: Cancel | null = null;
  #taking: Promise<boolean> | null = null;

  constructor(options: BuildWatchOptions) {
    this.#options = options;
  }

  start(): void {
    this.#lookLater();
  }

  /** Whether the hub serves another build than this page's, as far as is known, that has not been tried. */
  isNew = (): boolean => this.#other !== null;

  subscribe = (listener: () => void): Cancel => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  /** Asks the hub. What cannot be found out changes nothing. */
  async look(): Promise<void> {
    const { own, served } = this.#options;
    const build = await served();
    if (own === null || build === null) return;
    const other = build === own || this.#wasTried(build) ? null : build;
    if (other === this.#other) return;
    this.#other = other;
    for (const listener of this.#listeners) listener();
  }

  /**
   * Loads the page anew if the hub answers, and with another build; then it returns true, and the page is about
   * to go. A page is never given up for one that cannot be had. Calls at the same time load it once.
   */
  take(): Promise<boolean> {
    this.#taking ??= this.#takeOnce().finally(() => (this.#taking = null));
    return this.#taking;
  }

  async #takeOnce(): Promise<boolean> {
    await this.look();
    if (this.#other === null || !this.#remember(this.#other)) return false;
    this.#options.reload();
    return true;
  }

  #lookLater(): void {
    const { timers, random } = this.#options;
    this.#cancel?.();
    this.#cancel = timers.after(LOOK_MS * (0.5 + random()), () => {
      void this.look();
      this.#lookLater();
    });
  }

  #wasTried(build: string): boolean {
    const at_ms = this.#tried()[build];
    return at_ms !== undefined && this.#options.timers.now() - at_ms < TRIED_FOR_MS;
  }

  #tried(): Record<string, number> {
    try {
      const kept: unknown = JSON.parse(this.#options.memory?.getItem(TRIED) ?? '{}');
      return typeof kept === 'object' && kept !== null ? (kept as Record<string, number>) : {};
    } catch {
      return {};
    }
  }

  /** Without a memory there would be nothing to stop a circle, so nothing is loaded. */
  #remember(build: string): boolean {
    const now_ms = this.#options.timers.now();
    const recent = Object.entries(this.#tried()).filter(([, at_ms]) => now_ms - at_ms < TRIED_FOR_MS);
    try {
      const text = JSON.stringify({ ...Object.fromEntries(recent), [build]: now_ms });
      this.#options.memory?.setItem(TRIED, text);
      return this.#options.memory?.getItem(TRIED) === text;
    } catch {
      return false;
    }
  }
}
