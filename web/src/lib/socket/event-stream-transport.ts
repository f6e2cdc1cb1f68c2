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
  ping: true,
} satisfies Record<Exclude<ServerFrame['type'], 'error'>, true>);

/**
 * The way round networks that block WebSocket: the same frames as server-sent events, one stream for each
 * topic. A stream cannot be spoken to, so `follow` opens one, `unfollow` closes it, and `get` is asked of
 * the REST interface and handed on as the `state` frame it would have been.
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
    if (frame.op === 'follow') this.#follow(frame.topic);
    else if (frame.op === 'unfollow') this.#unfollow(frame.topic);
    else if (frame.op === 'get') void this.#get(frame.leg);
  }

  close(): void {
    this.#closed = true;
    for (const stream of this.#streams.values()) stream.close();
    this.#streams.clear();
  }

  #follow(topic: string): void {
    this.#streams.get(topic)?.close();
    const stream = new EventSource(`${this.#base}/stream?topic=${encodeURIComponent(topic)}`);
    this.#streams.set(topic, stream);
    for (const type of FRAME_TYPES) {
      stream.addEventListener(type, (event: MessageEvent<string>) => {
        if (!this.#closed) this.#events.frame(event.data);
      });
    }
    // EventSource would come back by itself at a fixed pace; ours is the backoff with jitter.
    stream.onerror = () => this.#fail();
  }

  #unfollow(topic: string): void {
    this.#streams.get(topic)?.close();
    this.#streams.delete(topic);
  }

  async #get(leg: string): Promise<void> {
    try {
      const answer = await fetch(`${this.#base}/flights/${encodeURIComponent(leg)}`);
      if (!answer.ok || this.#closed) return;
      const flight = (await answer.json()) as Flight;
      this.#events.frame(JSON.stringify({ type: 'state', flight } satisfies ServerFrame));
    } catch {
      this.#fail();
    }
  }

  #fail(): void {
    if (this.#closed) return;
    this.close();
    this.#events.close(1006, '');
  }
}
