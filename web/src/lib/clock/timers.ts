export type Cancel = () => void;

/** Real time and waiting, handed in so that tests own both. Milliseconds throughout. */
export type Timers = {
  /** Steady real time, which cannot be set. */
  now(): number;
  after(delay_ms: number, run: () => void): Cancel;
};

/** The browser's clocks. */
export type TimeSources = {
  /** A clock that cannot be set, but may stop while the machine is suspended: `performance.now`. */
  steady(): number;
  /** The device's clock, which people and networks set. */
  wall(): number;
};

const browserSources: TimeSources = { steady: () => performance.now(), wall: () => Date.now() };

/**
 * Real time by the browser's steady clock, begun at what the device's clock said when the page was opened. That
 * clock being set changes nothing. What the steady clock has slept through is added with `skip`.
 */
export class SteadyTimers implements Timers {
  readonly #sources: TimeSources;
  #ahead_ms: number;

  constructor(sources: TimeSources = browserSources) {
    this.#sources = sources;
    this.#ahead_ms = sources.wall() - sources.steady();
  }

  now(): number {
    return this.#sources.steady() + this.#ahead_ms;
  }

  after(delay_ms: number, run: () => void): Cancel {
    const id = setTimeout(run, delay_ms);
    return () => clearTimeout(id);
  }

  /** So much time has passed that the steady clock has not seen. */
  skip(slept_ms: number): void {
    this.#ahead_ms += slept_ms;
  }

  /** The difference that has built up between the device's clock and this one. */
  wallAhead_ms(): number {
    return this.#sources.wall() - this.now();
  }
}
