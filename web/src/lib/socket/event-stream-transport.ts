import { ANSWER_WITHIN_MS } from '@/lib/api/get-json';
import { type Refusal, refusalOfGet, refusalOfStream } from '@/lib/socket/stream-refusal';
import type { Connect, TransportEvents } from '@/lib/socket/transport';
import type { ClientFrame, Flight, ServerFrame } from '@/wire/types';

/** Every type but `error`: nothing can be asked of a stream, and its own failures go by that name. */
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

/**
 * The way round networks that block WebSocket: the same frames as server-sent events, one stream for each
 * topic. A stream cannot be spoken to, so `follow` opens one, `unfollow` closes it, and `get` is asked of
 * the REST interface and handed on as the `state` frame it would have been. What the hub refuses comes as the
 * `error` frame that a WebSocket would have brought.
 */
export function eventStreamTransport(base: string): Connect {
  return (events) => {
    const link = new EventStreamLink(base, events);
    return { send: (frame) => link.send(frame), close: () => link.close() };
  };
}

class EventStreamLink {
  readonly #base: string;
  readonly #events: TransportEvents;
  readonly #streams = new Map<string, EventSource>();
  #closed = false;

  constructor(base: string, events: TransportEvents) {
    this.#base = base;
    this.#events = events;
    // There is nothing to open until a topic is followed; the client follows when it is told "open".
    queueMicrotask(() => {
      if (!this.#closed) events.open();
    });
  }

  send(frame: ClientFrame): void {
    if (frame.op === 'follow') this.#follow(frame.topic, frame.ref ?? null);
    else if (frame.op === 'unfollow') this.#unfollow(frame.topic);
    else if (frame.op === 'get') void this.#get(frame.leg, frame.ref ?? null);
  }

  close(): void {
    this.#closed = true;
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }

  #follow(topic: string, ref: number | null): void {
    this.#streams.get(topic)?.close();
    const url = `${this.#base}/stream?topic=${encodeURIComponent(topic)}`;
    const stream = new EventSource(url);
    this.#streams.set(topic, stream);
    this.#events.lineBegan(topic);
    const isOurs = () => !this.#closed && this.#streams.get(topic) === stream;
    let hasSpoken = false;
    for (const type of FRAME_TYPES) {
      stream.addEventListener(type, (event: MessageEvent<string>) => {
        if (!isOurs()) return;
        hasSpoken = true;
        this.#events.frame(event.data, topic);
      });
    }
    stream.onerror = () => {
      // EventSource would come back by itself at a fixed pace; ours is the backoff with jitter.
      stream.close();
      if (!isOurs()) return;
      if (hasSpoken) this.#fail();
      else void refusalOfStream(url).then((refusal) => isOurs() && this.#notOpened(topic, ref, refusal));
    };
  }

  /** A refusal concerns this topic alone; without one the line is broken, and with it all of them. */
  #notOpened(topic: string, ref: number | null, refusal: Refusal | null): void {
    if (refusal === null) {
      this.#fail();
      return;
    }
    this.#unfollow(topic);
    this.#refuse(ref, refusal);
  }

  #unfollow(topic: string): void {
    this.#streams.get(topic)?.close();
    if (this.#streams.delete(topic)) this.#events.lineEnded(topic);
  }

  async #get(leg: string, ref: number | null): Promise<void> {
    const url = `${this.#base}/flights/${encodeURIComponent(leg)}`;
    const answer = await fetch(url, { signal: AbortSignal.timeout(ANSWER_WITHIN_MS) }).catch(() => null);
    if (!answer) {
      this.#fail();
      return;
    }
    const flight = answer.ok ? ((await answer.json().catch(() => null)) as Flight | null) : null;
    if (flight) this.#tell({ type: 'state', flight });
    else this.#refuse(ref, await refusalOfGet(answer));
  }

  #refuse(ref: number | null, refusal: Refusal): void {
    this.#tell({ type: 'error', ref, ...refusal });
  }

  /** Hands on what no line has brought. */
  #tell(frame: ServerFrame): void {
    if (!this.#closed) this.#events.frame(JSON.stringify(frame), null);
  }

  #fail(): void {
    if (this.#closed) return;
    this.close();
    this.#events.close(1006, '');
  }
}
