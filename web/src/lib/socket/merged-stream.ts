import type { Cancel, Timers } from '@/lib/clock/timers';
import { parseFrame } from '@/lib/socket/parse-frame';
import { type Refusal, refusalOfStream } from '@/lib/socket/stream-refusal';
import { TopicRouter } from '@/lib/socket/topic-router';
import { ResumePoints } from '@/lib/store/resume-points';
import type { ServerFrame } from '@/wire/types';

/** Every type except `error`: a stream has no requests, and uses this name for its own failures. */
const FRAME_TYPES = Object.keys({
  hello: true,
  snapshot: true,
  change: true,
  state: true,
  gone: true,
  upstream: true,
  source: true,
  ping: true,
} satisfies Record<Exclude<ServerFrame['type'], 'error'>, true>);

/** Topics that are followed within this time share one request. */
const GATHER_MS = 20;
/** An unfollowed topic stays in the stream for this time, because a new stream is expensive. */
const LEAVE_MS = 15_000;
/** A stream without a frame for this time counts as failed, whatever state the browser reports. */
const SPEAK_WITHIN_MS = 10_000;

export type MergedStreamEvents = {
  /** A frame and its topics; null if it concerns all followers. */
  frame(text: string, topics: string[] | null): void;
  /** The hub refuses this topic; the others continue. */
  refused(topic: string, refusal: Refusal): void;
  /** The stream is lost, and no topic is followed any more. */
  lost(): void;
};

/**
 * A stream, the topics that it delivers with a complete snapshot, and those whose snapshot has arrived.
 */
type Opened = {
  source: EventSource;
  url: string;
  topics: string[];
  whole: string[];
  told: Set<string>;
  deadline: Cancel;
};

/**
 * Carries all topics over one stream of server-sent events, because over HTTP/1.1 a browser opens at most six
 * connections to a host for all its tabs. When the topics change, a second stream opens and takes over at its first
 * frame; known topics resume.
 */
export class MergedStream {
  readonly #base: string;
  readonly #timers: Timers;
  readonly #events: MergedStreamEvents;
  readonly #wanted = new Set<string>();
  /** Topics with a new follower: they do not resume until a stream with their complete snapshot has taken over. */
  readonly #needWhole = new Set<string>();
  readonly #router = new TopicRouter();
  readonly #resume = new ResumePoints();
  #speed = 1;
  #current: Opened | null = null;
  #next: Opened | null = null;
  #change: Cancel | null = null;

  constructor(base: string, timers: Timers, events: MergedStreamEvents) {
    this.#base = base;
    this.#timers = timers;
    this.#events = events;
  }

  /** Requests a snapshot of the topic for a new follower, even if the topic is already followed. */
  follow(topic: string): void {
    this.#wanted.add(topic);
    this.#needWhole.add(topic);
    this.#changeAfter(GATHER_MS);
  }

  leave(topic: string): void {
    this.#wanted.delete(topic);
    this.#needWhole.delete(topic);
    if (this.#wanted.size === 0) this.close();
    else if (this.#change === null) this.#changeAfter(LEAVE_MS);
  }

  close(): void {
    this.#change?.();
    this.#change = null;
    for (const opened of [this.#current, this.#next]) this.#end(opened);
    this.#current = null;
    this.#next = null;
    this.#wanted.clear();
    this.#needWhole.clear();
    this.#resume.clear();
  }

  #changeAfter(delay_ms: number): void {
    this.#change?.();
    this.#change = this.#timers.after(delay_ms, () => {
      this.#change = null;
      this.#open();
    });
  }

  #open(): void {
    this.#end(this.#next);
    if (this.#wanted.size === 0) return;
    const topics = [...this.#wanted];
    const since = new Map(topics.map((topic) => [topic, this.#sinceOf(topic)]));
    const url = this.#urlOf(since);
    const whole = topics.filter((topic) => since.get(topic) === null);
    const source = new EventSource(url);
    const deadline = this.#timers.after(SPEAK_WITHIN_MS, () => this.#lost());
    const opened = { source, url, topics, whole, told: new Set<string>(), deadline };
    this.#next = opened;
    for (const type of FRAME_TYPES) {
      source.addEventListener(type, (event: MessageEvent<string>) => this.#heard(opened, event.data));
    }
    source.onerror = () => {
      // EventSource would come back by itself at a fixed pace; the backoff with jitter is the client's.
      source.close();
      if (opened === this.#current) this.#lost();
      else if (opened === this.#next) void this.#notOpened(opened);
    };
  }

  /** The instant from which the topic can resume; null if it needs a complete snapshot. */
  #sinceOf(topic: string): string | null {
    const isTold = this.#current?.told.has(topic) ?? false;
    return isTold && !this.#needWhole.has(topic) ? this.#resume.since(topic, this.#speed) : null;
  }

  #urlOf(topics: ReadonlyMap<string, string | null>): string {
    const parts = [...topics].map(([topic, since]) => {
      const named = `topic=${encodeURIComponent(topic)}`;
      return since === null ? named : `${named}&since=${encodeURIComponent(since)}`;
    });
    return `${this.#base}/stream?${parts.join('&')}`;
  }

  #heard(opened: Opened, text: string): void {
    if (opened === this.#next) this.#takeOver(opened);
    if (opened !== this.#current) return;
    const frame = parseFrame(text);
    if (!frame) return;
    // A new follower of the topic would have only this part; the complete snapshot is already requested.
    if (frame.type === 'snapshot' && frame.partial && this.#needWhole.has(frame.topic)) return;
    const topics = this.#router.topicsOf(frame);
    this.#keepPosition(opened, frame, topics);
    this.#events.frame(text, topics);
  }

  /** All frames of the previous stream have been passed on; the rest comes with the snapshots. */
  #takeOver(opened: Opened): void {
    opened.deadline();
    this.#router.keep(opened.topics);
    for (const topic of opened.whole) {
      this.#router.follow(topic);
      this.#needWhole.delete(topic);
    }
    this.#end(this.#current);
    this.#current = opened;
    this.#next = null;
  }

  #keepPosition(opened: Opened, frame: ServerFrame, topics: string[] | null): void {
    if (frame.type === 'hello') this.#speed = frame.clock.speed;
    else if (frame.type === 'snapshot') {
      opened.told.add(frame.topic);
      this.#resume.snapshot(frame.topic, frame.flights);
    } else if (frame.type === 'change') {
      for (const topic of topics ?? []) if (opened.told.has(topic)) this.#resume.change(topic, frame.at);
    }
  }

  /** One refused topic ends the whole stream; without a refusal the connection is lost. */
  async #notOpened(opened: Opened): Promise<void> {
    opened.deadline();
    const refusals = new Map<string, Refusal>();
    if ((await refusalOfStream(opened.url)) !== null) {
      for (const topic of opened.topics) {
        const refusal = await refusalOfStream(this.#urlOf(new Map([[topic, null]])));
        if (refusal !== null) refusals.set(topic, refusal);
      }
    }
    if (opened !== this.#next) return;
    if (refusals.size === 0) {
      this.#lost();
      return;
    }
    this.#next = null;
    for (const [topic, refusal] of refusals) {
      this.#needWhole.delete(topic);
      if (!this.#wanted.delete(topic)) continue;
      this.#events.refused(topic, refusal);
    }
    if (this.#wanted.size === 0) this.close();
    else this.#changeAfter(0);
  }

  #lost(): void {
    this.close();
    this.#events.lost();
  }

  #end(opened: Opened | null): void {
    opened?.deadline();
    opened?.source.close();
  }
}
