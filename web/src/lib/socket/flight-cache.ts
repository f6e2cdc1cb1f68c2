import type { ChangeFrame, Flight, SnapshotFrame } from '@/wire/types';

/**
 * The result of a change: applied, already known, or not applicable because an earlier revision is missing ("gap")
 * or the flight is not in the store ("unknown").
 */
export type ChangeOutcome = 'applied' | 'old' | 'gap' | 'unknown';

/** The socket client's view of the flight store. */
export type FlightCache = {
  watch(topic: string): void;
  unwatch(topic: string): void;
  /** The instant to resume from, or null if a complete snapshot is needed. */
  resumeFrom(topic: string): string | null;
  /** A new epoch: changes no longer apply to the stored revisions, which may still be shown. */
  beginEpoch(): void;
  snapshot(frame: SnapshotFrame): void;
  change(frame: ChangeFrame): ChangeOutcome;
  /** Returns the stored revision afterwards. */
  state(flight: Flight): number;
  gone(leg: string, topic: string): void;
  forget(leg: string): void;
  fail(topic: string, message: string): void;
  /**
   * The connection is lost: every topic is as of this operational instant until its next snapshot. A topic that was
   * already behind keeps its age.
   */
  fallBehind(since_ms: number): void;
};
