import type { Cancel, Timers } from '@/lib/clock/timers';
import type { ChangeOutcome, FlightCache } from '@/lib/socket/flight-cache';
import { type FlightField, applySet, changedFields } from '@/lib/store/flight-fields';
import { type HeldFlight, holdNew, holdNext, withoutEndedMarks } from '@/lib/store/held-flight';
import { Listeners } from '@/lib/store/listeners';
import { ResumePoints } from '@/lib/store/resume-points';
import { legOfTopic, topicMatches } from '@/lib/store/topic-match';
import { type TopicView, emptyTopic } from '@/lib/store/topic-view';
import type { ChangeFrame, Flight, SnapshotFrame } from '@/wire/types';

/** How long a changed cell stays marked. */
const MARK_MS = 8_000;
/** Changes within this time are rendered together. */
const FLIGHT_BATCH_MS = 16;
/** Sorting a whole board costs more than rendering a row, and users do not read faster than this. */
const TOPIC_BATCH_MS = 100;

/** A changed flight, for components that describe changes. */
export type SeenChange = { before: Flight; after: Flight; fields: FlightField[] };

/** All flights of the page, each once, by leg and revision, and the topics that contain them. */
export class FlightStore implements FlightCache {
  readonly #timers: Timers;
  readonly #speed: () => number;
  readonly #flights = new Map<string, HeldFlight>();
  readonly #topics = new Map<string, TopicView>();
  readonly #resume = new ResumePoints();
  readonly #legListeners = new Listeners<undefined>();
  readonly #topicListeners = new Listeners<undefined>();
  readonly #changeListeners = new Listeners<SeenChange>();
  readonly #frameListeners = new Listeners<ChangeFrame>();
  readonly #dirtyLegs = new Set<string>();
  readonly #dirtyTopics = new Set<string>();
  #epoch = 0;
  #flightFlush: Cancel | null = null;
  #topicFlush: Cancel | null = null;
  #sweep: Cancel | null = null;

  /** `speed` is how many seconds of the hub's time pass in one of ours. */
  constructor(timers: Timers, speed: () => number = () => 1) {
    this.#timers = timers;
    this.#speed = speed;
  }

  flight(leg: string): HeldFlight | undefined {
    return this.#flights.get(leg);
  }

  topic(topic: string): TopicView {
    return this.#topics.get(topic) ?? emptyTopic;
  }

  subscribeFlight(leg: string, listener: () => void): Cancel {
    return this.#legListeners.add(leg, listener);
  }

  /** Told when a flight joins or leaves the topic, and when any of its flights changes. */
  subscribeTopic(topic: string, listener: () => void): Cancel {
    return this.#topicListeners.add(topic, listener);
  }

  subscribeChanges(topic: string, listener: (change: SeenChange) => void): Cancel {
    return this.#changeListeners.add(topic, listener);
  }

  /** The change frames of one leg as they came, for its history. */
  subscribeFrames(leg: string, listener: (frame: ChangeFrame) => void): Cancel {
    return this.#frameListeners.add(leg, listener);
  }

  watch(topic: string): void {
    if (!this.#topics.has(topic)) this.#setTopic(topic, this.#heldElsewhere(topic) ?? emptyTopic);
  }

  /**
   * A flight that is opened from a board is known already, and as old as the board: while the link is lost it
   * is all there is of it.
   */
  #heldElsewhere(topic: string): TopicView | null {
    const leg = legOfTopic(topic);
    const holding = [...this.#topics.values()].filter((view) => view.known && view.legs.has(leg ?? ''));
    if (leg === null || holding.length === 0) return null;
    const behind_ms = Math.max(...holding.map((view) => view.behind_since_ms ?? Infinity));
    const behind_since_ms = behind_ms === Infinity ? null : behind_ms;
    return { legs: new Set([leg]), known: true, behind_since_ms, failure: null };
  }

  unwatch(topic: string): void {
    const view = this.#topics.get(topic);
    if (!view) return;
    this.#topics.delete(topic);
    this.#resume.forget(topic);
    this.#dropUnheld(view.legs);
  }

  resumeFrom(topic: string): string | null {
    return this.topic(topic).failure === null ? this.#resume.since(topic, this.#speed()) : null;
  }

  beginEpoch(): void {
    this.#epoch += 1;
    this.#resume.clear();
  }

  snapshot(frame: SnapshotFrame): void {
    const view = this.#topics.get(frame.topic);
    if (!view) return;
    const legs = new Set(frame.partial ? view.legs : []);
    for (const flight of frame.flights) legs.add(flight.leg);
    this.#resume.snapshot(frame.topic, frame.flights);
    this.#setTopic(frame.topic, { legs, known: true, behind_since_ms: null, failure: null });
    for (const flight of frame.flights) this.#take(flight);
    if (!frame.partial) this.#dropUnheld(view.legs);
  }

  change(frame: ChangeFrame): ChangeOutcome {
    const outcome = this.#change(frame);
    if (outcome === 'applied' || outcome === 'old') this.#toldInTurn(frame);
    return outcome;
  }

  state(flight: Flight): number {
    return this.#take(flight);
  }

  gone(leg: string, topic: string): void {
    const view = this.#topics.get(topic);
    if (!view?.legs.has(leg)) return;
    const legs = new Set(view.legs);
    legs.delete(leg);
    this.#setTopic(topic, { ...view, legs });
    this.#dropUnheld([leg]);
  }

  forget(leg: string): void {
    for (const topic of this.#topics.keys()) this.gone(leg, topic);
  }

  fail(topic: string, message: string): void {
    const view = this.#topics.get(topic);
    if (view) this.#setTopic(topic, { ...view, failure: message });
  }

  fallBehind(since_ms: number): void {
    for (const [topic, view] of this.#topics) {
      if (view.known && view.behind_since_ms === null) {
        this.#setTopic(topic, { ...view, behind_since_ms: since_ms });
      }
    }
  }

  #change(frame: ChangeFrame): ChangeOutcome {
    const held = this.#flights.get(frame.leg);
    if (!held) return 'unknown';
    if (held.epoch !== this.#epoch) return 'gap';
    if (frame.rev <= held.flight.rev) return 'old';
    if (frame.rev > held.flight.rev + 1) return 'gap';
    const next = { ...applySet(held.flight, frame.set), rev: frame.rev, changed_at: frame.at };
    this.#put(next, held);
    this.#frameListeners.tell(frame.leg, frame);
    return 'applied';
  }

  /**
   * Changes come in their order, but to a topic that is behind they do so before the snapshot that closes the
   * gap. States move no position at all: they answer a `get`, or make up for changes that were left out.
   */
  #toldInTurn(frame: ChangeFrame): void {
    for (const [topic, view] of this.#topics) {
      if (view.legs.has(frame.leg) && view.behind_since_ms === null) this.#resume.change(topic, frame.at);
    }
  }

  /** Takes over a whole flight unless a newer one of the same epoch is held; returns the revision held then. */
  #take(flight: Flight): number {
    const held = this.#flights.get(flight.leg);
    if (held?.epoch === this.#epoch && held.flight.rev >= flight.rev) return held.flight.rev;
    this.#put(flight, held);
    return flight.rev;
  }

  #put(flight: Flight, held: HeldFlight | undefined): void {
    const until_ms = this.#timers.now() + MARK_MS;
    const next = held ? holdNext(held, flight, this.#epoch, until_ms) : holdNew(flight, this.#epoch);
    this.#flights.set(flight.leg, next);
    if (next.marks.size > 0) this.#sweep ??= this.#timers.after(MARK_MS, () => this.#sweepMarks());
    this.#touch(flight.leg);
    const fields = held ? changedFields(held.flight, flight) : [];
    for (const [topic, view] of this.#topics) {
      const isIn = view.legs.has(flight.leg);
      if (!isIn && !topicMatches(topic, flight)) continue;
      this.#setTopic(topic, { ...view, legs: isIn ? view.legs : new Set(view.legs).add(flight.leg) });
      if (held && fields.length > 0) {
        this.#changeListeners.tell(topic, { before: held.flight, after: flight, fields });
      }
    }
  }

  #setTopic(topic: string, view: TopicView): void {
    this.#topics.set(topic, view);
    this.#dirtyTopics.add(topic);
    this.#topicFlush ??= this.#timers.after(TOPIC_BATCH_MS, () => this.#tellTopics());
  }

  /** Lets go of flights that no topic holds any more. */
  #dropUnheld(legs: Iterable<string>): void {
    for (const leg of legs) {
      const isHeld = [...this.#topics.values()].some((view) => view.legs.has(leg));
      if (!isHeld && this.#flights.delete(leg)) this.#touch(leg);
    }
  }

  #touch(leg: string): void {
    this.#dirtyLegs.add(leg);
    this.#flightFlush ??= this.#timers.after(FLIGHT_BATCH_MS, () => this.#tellFlights());
  }

  #tellFlights(): void {
    this.#flightFlush = null;
    const legs = [...this.#dirtyLegs];
    this.#dirtyLegs.clear();
    for (const leg of legs) this.#legListeners.tell(leg, undefined);
  }

  #tellTopics(): void {
    this.#topicFlush = null;
    const topics = [...this.#dirtyTopics];
    this.#dirtyTopics.clear();
    for (const topic of topics) this.#topicListeners.tell(topic, undefined);
  }

  #sweepMarks(): void {
    this.#sweep = null;
    const now_ms = this.#timers.now();
    let next_ms = Infinity;
    for (const [leg, held] of this.#flights) {
      if (held.marks.size === 0) continue;
      const kept = withoutEndedMarks(held, now_ms);
      for (const until_ms of kept.marks.values()) next_ms = Math.min(next_ms, until_ms);
      if (kept === held) continue;
      this.#flights.set(leg, kept);
      this.#legListeners.tell(leg, undefined);
    }
    if (next_ms < Infinity) this.#sweep = this.#timers.after(next_ms - now_ms, () => this.#sweepMarks());
  }
}
