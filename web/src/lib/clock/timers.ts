export type Cancel = () => void;

/** Real time and waiting, handed in so that tests own both. Milliseconds throughout. */
export type Timers = {
  now(): number;
  after(delay_ms: number, run: () => void): Cancel;
};

export const browserTimers: Timers = {
  now: () => Date.now(),
  after: (delay_ms, run) => {
    const id = setTimeout(run, delay_ms);
    return () => clearTimeout(id);
  },
};
