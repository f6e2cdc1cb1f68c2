import type { Timers } from '@/lib/clock/timers';
import type { FlightCache } from '@/lib/socket/flight-cache';
import { MissingFlights } from '@/lib/socket/missing-flights';
import type { ClientFrame, ErrorFrame, ServerFrame } from '@/wire/types';

/** The delay of a retry after `rate_limited`. */
const ASK_AGAIN_MS = 2_000;

type Asked = { op: 'follow'; topic: string } | { op: 'get'; leg: string };

/** Applies frames to the cache and requests missing flights. */
export class FrameHandler {
  readonly #cache: FlightCache;
  readonly #timers: Timers;
  readonly #send: (frame: ClientFrame) => void;
  readonly #missing = new MissingFlights();
  readonly #asked = new Map<number, Asked>();
  #epoch: string | null = null;
  #ref = 0;

  constructor(cache: FlightCache, timers: Timers, send: (frame: ClientFrame) => void) {
    this.#cache = cache;
    this.#timers = timers;
    this.#send = send;
  }

  /** Positions are valid only within their epoch. */
  hello(epoch: string): void {
    if (this.#epoch !== null && this.#epoch !== epoch) {
      this.#cache.beginEpoch();
      this.#missing.clear();
    }
    this.#epoch = epoch;
  }

  reconnected(): void {
    this.#asked.clear();
  }

  follow(topic: string, since: string | null = this.#cache.resumeFrom(topic)): void {
    const ref = this.#remember({ op: 'follow', topic });
    this.#send(since === null ? { op: 'follow', topic, ref } : { op: 'follow', topic, since, ref });
  }

  askForMissing(): void {
    for (const leg of this.#missing.legs()) this.#get(leg);
  }

  handle(frame: ServerFrame): void {
    switch (frame.type) {
      case 'snapshot':
        this.#cache.snapshot(frame);
        for (const flight of frame.flights) this.#missing.arrived(flight.leg, flight.rev);
        return;
      case 'change': {
        const outcome = this.#cache.change(frame);
        const lacking = outcome === 'gap' || outcome === 'unknown';
        if (lacking && this.#missing.note(frame.leg, frame.rev)) this.#get(frame.leg);
        return;
      }
      case 'state': {
        const held = this.#cache.state(frame.flight);
        if (this.#missing.arrived(frame.flight.leg, held)) this.#get(frame.flight.leg);
        return;
      }
      case 'gone':
        this.#cache.gone(frame.leg, frame.topic);
        return;
      case 'error':
        this.#refused(frame);
        return;
      default:
        // A newer hub may say more than this page understands.
        return;
    }
  }

  #refused(frame: ErrorFrame): void {
    const asked = frame.ref === null ? undefined : this.#asked.get(frame.ref);
    if (!asked) return;
    if (frame.code === 'rate_limited') {
      this.#timers.after(ASK_AGAIN_MS, () => {
        if (asked.op === 'follow') this.follow(asked.topic);
        else this.#get(asked.leg);
      });
    } else if (asked.op === 'get') {
      this.#missing.forget(asked.leg);
      this.#cache.forget(asked.leg);
    } else if (frame.code === 'bad_since') {
      this.follow(asked.topic, null);
    } else {
      this.#cache.fail(asked.topic, frame.message);
    }
  }

  #get(leg: string): void {
    this.#send({ op: 'get', leg, ref: this.#remember({ op: 'get', leg }) });
  }

  #remember(asked: Asked): number {
    this.#ref += 1;
    this.#asked.set(this.#ref, asked);
    // Only errors carry our ref, so old requests are dropped by number.
    this.#asked.delete(this.#ref - 256);
    return this.#ref;
  }
}
