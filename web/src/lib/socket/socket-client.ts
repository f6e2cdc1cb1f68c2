import type { OperationalClock } from '@/lib/clock/operational-clock';
import type { Cancel, Timers } from '@/lib/clock/timers';
import type { Backoff } from '@/lib/socket/backoff';
import { verdictOf } from '@/lib/socket/close-reason';
import type { FlightCache } from '@/lib/socket/flight-cache';
import { FrameHandler } from '@/lib/socket/frame-handler';
import type { Link } from '@/lib/socket/link';
import { parseFrame } from '@/lib/socket/parse-frame';
import { afterSource } from '@/lib/socket/silent-sources';
import { TopicRefs } from '@/lib/socket/topic-refs';
import type { Connect, Transport } from '@/lib/socket/transport';
import { TransportChoice, type Via } from '@/lib/socket/transport-choice';
import { awaySince } from '@/lib/socket/upstream';
import { Watchdog } from '@/lib/socket/watchdog';
import type { ClientFrame } from '@/wire/types';

export type SocketClientOptions = {
  websocket: Connect;
  stream: Connect | null;
  cache: FlightCache;
  timers: Timers;
  /** Set by every hello. */
  clock: OperationalClock;
  random: () => number;
  backoff: Backoff;
};

/** The time limit for the hello; an address that drops packets must not block a page for minutes. */
const HELLO_WITHIN_MS = 10_000;
/** After a connection of this duration, the next loss starts the backoff from the beginning. */
const GOOD_AFTER_MS = 10_000;

/** Keeps one connection to the hub, and its subscriptions, while the page is open. */
export class SocketClient {
  readonly #options: SocketClientOptions;
  readonly #refs: TopicRefs;
  readonly #frames: FrameHandler;
  readonly #watchdog: Watchdog;
  readonly #choice: TransportChoice;
  readonly #listeners = new Set<() => void>();
  #link: Link = {
    phase: 'connecting',
    lost_ms: null,
    message: null,
    via: 'websocket',
    away_since_ms: null,
    silent: [],
  };
  /** Topics without followers, kept while there is no connection to fetch them again. */
  readonly #unwanted = new Set<string>();
  #transport: Transport | null = null;
  /** Whether topics can be requested: on a WebSocket after its hello, on a stream at once. */
  #takesTopics = false;
  #greeted_ms: number | null = null;
  #greetings = 0;
  #heard_ms: number | null = null;
  #attempt = 0;
  #retry: Cancel | null = null;
  #deadline: Cancel | null = null;

  constructor(options: SocketClientOptions) {
    const { cache, timers } = options;
    this.#options = options;
    this.#choice = new TransportChoice(options.stream !== null);
    this.#watchdog = new Watchdog(timers, () => this.#lost(1006, ''));
    this.#frames = new FrameHandler(cache, timers, (frame) => this.#send(frame));
    this.#refs = new TopicRefs(
      timers,
      (topic) => {
        cache.watch(topic);
        this.#unwanted.delete(topic);
        if (this.#takesTopics) this.#frames.follow(topic);
      },
      (topic) => {
        if (this.#takesTopics) this.#send({ op: 'unfollow', topic });
        if (this.#greeted_ms === null) this.#unwanted.add(topic);
        else cache.unwatch(topic);
      },
    );
  }

  start(): void {
    if (!this.#transport && !this.#retry) this.#connect();
  }

  stop(): void {
    this.#hangUp();
    this.#retry?.();
    this.#retry = null;
  }

  /** Follows a topic until the returned function is called. */
  follow(topic: string): Cancel {
    return this.#refs.add(topic);
  }

  link(): Link {
    return this.#link;
  }

  subscribe(listener: () => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Reconnects on the user's request, without waiting for the backoff. */
  retryNow(): void {
    if (this.#transport) return;
    this.#retry?.();
    this.#retry = null;
    this.#connect();
  }

  /**
   * The page is visible again, or the network is back. A connection that was silent for too long is closed at once,
   * and the next attempt waits like the first of a series, because many pages wake at the same moment.
   * After a close code that means 'do not reconnect', the client reconnects only on request.
   */
  wake(): void {
    this.#watchdog.look();
    if (this.#transport || this.#link.phase === 'refused') return;
    this.#retryAfter(this.#options.backoff(0, this.#options.random));
  }

  /** The browser has no network: treats the connection as lost. */
  goOffline(): void {
    if (this.#transport) this.#lost(1006, '');
  }

  /** The connection may be dead, or the time wrong: reconnects at once to check both. */
  resync(): void {
    if (this.#link.phase === 'refused') return;
    if (this.#transport) this.#lost(1006, '');
    this.retryNow();
  }

  /** The number of received hellos. */
  greetings(): number {
    return this.#greetings;
  }

  #connect(): void {
    const via = this.#choice.next();
    const connect = via === 'stream' ? this.#options.stream : this.#options.websocket;
    if (!connect) return;
    this.#tell({ phase: this.#heard_ms === null ? 'connecting' : 'reconnecting', via, message: null });
    this.#deadline = this.#options.timers.after(HELLO_WITHIN_MS, () => this.#lost(1006, ''));
    this.#transport = connect({
      open: () => this.#opened(via),
      frame: (text, line) => this.#heard(text, via, line),
      close: (code, reason) => this.#lost(code, reason),
      lineBegan: (line) => this.#watchdog.begin(line),
      lineEnded: (line) => this.#watchdog.end(line),
    });
  }

  /** A stream sends hello only after a topic is followed, so there the topics come first. */
  #opened(via: Via): void {
    if (via === 'stream') this.#followAll();
  }

  #followAll(): void {
    this.#takesTopics = true;
    this.#frames.reconnected();
    for (const topic of this.#refs.topics()) this.#frames.follow(topic);
    this.#frames.askForMissing();
  }

  #heard(text: string, via: Via, line: string | null): void {
    const frame = parseFrame(text);
    if (!frame) return;
    // What is asked beside the streams may be answered while they are dead.
    if (via === 'websocket' || line !== null) this.#heard_ms = this.#options.timers.now();
    this.#watchdog.feed(line);
    if (frame.type === 'hello') {
      const isFirst = this.#greeted_ms === null;
      this.#frames.hello(frame.epoch);
      this.#options.clock.set(frame.clock);
      // What the hub does not hear begins anew: the stream may come from another hub, and each repeats what lasts
      // right after its hello.
      this.#tell({ away_since_ms: null, silent: [] });
      if (isFirst) this.#greeted(via, frame.ping_s);
      return;
    }
    if (frame.type === 'upstream') {
      this.#tell({ away_since_ms: awaySince(frame, this.#options.clock.now_ms()) });
      return;
    }
    if (frame.type === 'source') {
      const { clock } = this.#options;
      this.#tell({ silent: afterSource(this.#link.silent, frame, clock.now_ms()) });
      return;
    }
    if (frame.type === 'ping') {
      if (frame.clock) this.#options.clock.correct(frame.clock);
      if (via === 'websocket') this.#send({ op: 'pong' });
    }
    this.#frames.handle(frame);
  }

  #greeted(via: Via, ping_s: number): void {
    this.#greeted_ms = this.#options.timers.now();
    this.#greetings += 1;
    this.#deadline?.();
    this.#deadline = null;
    this.#choice.worked(via);
    this.#watchdog.arm(ping_s);
    // Only now: a stream takes topics before anybody knows whether the hub can be reached.
    for (const topic of this.#unwanted) this.#options.cache.unwatch(topic);
    this.#unwanted.clear();
    if (via === 'websocket') {
      this.#watchdog.begin(null);
      this.#followAll();
    } else {
      const stay_ms = this.#choice.takeStay_ms();
      this.#deadline = this.#options.timers.after(stay_ms, () => this.#lost(1000, ''));
    }
    this.#tell({ phase: 'live', lost_ms: null, message: null, via });
  }

  #lost(code: number, reason: string): void {
    const { timers, random, backoff, cache, clock } = this.#options;
    const via = this.#link.via;
    if (via === 'stream') this.#choice.streamEnded();
    else if (this.#greeted_ms === null) this.#choice.failed(via);
    if (this.#greeted_ms !== null && timers.now() - this.#greeted_ms >= GOOD_AFTER_MS) this.#attempt = 0;
    // What a page shows may have come by the stream that was silent for longest.
    if (this.#greeted_ms !== null) this.#heard_ms = this.#watchdog.quietest_ms() ?? this.#heard_ms;
    this.#hangUp();
    // If the hub got no changes before the connection was lost, the data is as old as that.
    const heard_ms = clock.at_ms(this.#heard_ms ?? timers.now());
    cache.fallBehind(Math.min(heard_ms, this.#link.away_since_ms ?? Infinity));
    const verdict = verdictOf(code, reason);
    if (verdict.kind === 'stay_away') {
      this.#tell({ phase: 'refused', lost_ms: this.#heard_ms, message: verdict.message, via });
      return;
    }
    const jitter_ms = backoff(this.#attempt, random);
    this.#attempt += 1;
    this.#retryAfter((verdict.retry_ms ?? 0) + jitter_ms);
    const phase = this.#heard_ms === null ? 'connecting' : 'reconnecting';
    this.#tell({ phase, lost_ms: this.#heard_ms, message: null, via });
  }

  #retryAfter(delay_ms: number): void {
    this.#retry?.();
    this.#retry = this.#options.timers.after(delay_ms, () => {
      this.#retry = null;
      this.#connect();
    });
  }

  #hangUp(): void {
    this.#watchdog.disarm();
    this.#deadline?.();
    this.#deadline = null;
    this.#transport?.close();
    this.#transport = null;
    this.#takesTopics = false;
    this.#greeted_ms = null;
  }

  #send(frame: ClientFrame): void {
    this.#transport?.send(frame);
  }

  #tell(change: Partial<Link>): void {
    this.#link = { ...this.#link, ...change };
    for (const listener of this.#listeners) listener();
  }
}
