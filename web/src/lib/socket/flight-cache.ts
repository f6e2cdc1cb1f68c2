import type { ChangeFrame, Flight, SnapshotFrame } from '@/wire/types';

/**
 * What became of a change: taken over, already known, or not applicable because a revision before it is
 * missing ("gap") or the flight is not held at all ("unknown").
 */
export type ChangeOutcome = 'applied' | 'old' | 'gap' | 'unknown';

/** What the socket client needs of the place where flights are kept. */
export type FlightCache = {
  watch(topic: string): void;
  unwatch(topic: string): void;
  /** The instant to resume from, or null when the whole must be asked for. */
  resumeFrom(topic: string): string | null;
  /** A new epoch: revisions held so far can no longer be built upon, though they may still be shown. */
  beginEpoch(): void;
  snapshot(frame: SnapshotFrame): void;
  change(frame: ChangeFrame): ChangeOutcome;
  /** Returns the revision held afterwards. */
  state(flight: Flight): number;
  gone(leg: string, topic: string): void;
  forget(leg: string): void;
  fail(topic: string, message: string): void;
  /**
   * The link is lost: every topic is a true picture of this operational instant and no later one, until its next
   * snapshot. A topic that was behind already stays as old as it was.
   */
  fallBehind(since_ms: number): void;
};
