import { ANSWER_WITHIN_MS } from '@/lib/api/get-json';
import type { JoinStream } from '@/lib/socket/shared-stream';
import type { HubSays, PageSays } from '@/lib/socket/stream-hub';
import { type Refusal, refusalOfGet } from '@/lib/socket/stream-refusal';
import type { Connect, TransportEvents } from '@/lib/socket/transport';
import type { ClientFrame, Flight, ServerFrame } from '@/wire/types';

/** The name of the stream that carries all topics. */
const LINE = 'stream';

/**
 * The transport for networks that block WebSocket: the same frames as server-sent events, on one stream for all
 * topics of all tabs. A stream carries no requests, so `follow` and `unfollow` change its address, and `get` uses the
 * REST interface and passes the response on as a `state` frame. A refusal of the hub becomes the `error` frame that
 * a WebSocket would have received.
 */
export function eventStreamTransport(base: string, join: JoinStream): Connect {
  return (events) => {
    const link = new EventStreamLink(base, events, join);
    return { send: (frame) => link.send(frame), close: () => link.close() };
  };
}

class EventStreamLink {
  readonly #base: string;
  readonly #events: TransportEvents;
  readonly #topics = new Set<string>();
  readonly #speak: (message: PageSays) => void;
  #closed = false;

  constructor(base: string, events: TransportEvents, join: JoinStream) {
    this.#base = base;
    this.#events = events;
    let isReady = false;
    this.#speak = join((message) => {
      if (message.says !== 'ready') this.#hear(message);
      // No stream is needed until a topic is followed; the client follows after "open".
      else if (!isReady) {
        isReady = true;
        queueMicrotask(() => {
          if (!this.#closed) events.open();
        });
      }
    });
  }

  send(frame: ClientFrame): void {
    if (frame.op === 'follow') {
      if (this.#topics.size === 0) this.#events.lineBegan(LINE);
      this.#topics.add(frame.topic);
      this.#speak({ says: 'follow', topic: frame.topic, ref: frame.ref ?? null });
    } else if (frame.op === 'unfollow') this.#unfollow(frame.topic);
    else if (frame.op === 'get') void this.#get(frame.leg, frame.ref ?? null);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#speak({ says: 'bye' });
  }

  #hear(message: HubSays): void {
    if (this.#closed) return;
    if (message.says === 'frame') this.#events.frame(message.text, LINE);
    else if (message.says === 'lost') this.#fail();
    else if (message.says === 'refused') {
      this.#unfollow(message.topic);
      this.#refuse(message.ref, message.refusal);
    }
  }

  #unfollow(topic: string): void {
    if (!this.#topics.delete(topic)) return;
    this.#speak({ says: 'unfollow', topic });
    if (this.#topics.size === 0) this.#events.lineEnded(LINE);
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

  /** Passes on a frame that did not arrive over the stream. */
  #tell(frame: ServerFrame): void {
    if (!this.#closed) this.#events.frame(JSON.stringify(frame), null);
  }

  #fail(): void {
    if (this.#closed) return;
    this.close();
    this.#events.close(1006, '');
  }
}
