export type Via = 'websocket' | 'stream';

/** The number of WebSockets that must fail in a row before the event stream is tried. */
const FAILURES_BEFORE_STREAM = 3;
/** How long to stay on the stream before the next WebSocket attempt; doubles after each failure. */
const STREAM_STAY_MS = 60_000;
const STREAM_STAY_MAX_MS = 1_800_000;

/** Chooses the transport of the next connection. */
export class TransportChoice {
  readonly #hasStream: boolean;
  #failures = 0;
  #stay_ms = STREAM_STAY_MS;

  constructor(hasStream: boolean) {
    this.#hasStream = hasStream;
  }

  next(): Via {
    return this.#hasStream && this.#failures >= FAILURES_BEFORE_STREAM ? 'stream' : 'websocket';
  }

  /** The hub sent a frame. */
  worked(via: Via): void {
    if (via === 'websocket') {
      this.#failures = 0;
      this.#stay_ms = STREAM_STAY_MS;
    }
  }

  /** The connection failed before the hub sent a frame. */
  failed(via: Via): void {
    if (via === 'websocket') this.#failures += 1;
  }

  /** A stream ended, by itself or after its maximum time: the next attempt uses a WebSocket. */
  streamEnded(): void {
    this.#failures = FAILURES_BEFORE_STREAM - 1;
  }

  /** The maximum time of this stream. */
  takeStay_ms(): number {
    const stay_ms = this.#stay_ms;
    this.#stay_ms = Math.min(stay_ms * 2, STREAM_STAY_MAX_MS);
    return stay_ms;
  }
}
