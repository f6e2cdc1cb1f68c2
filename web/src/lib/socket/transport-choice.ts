export type Via = 'websocket' | 'stream';

/** So many WebSockets in a row must fail to open before the event stream is tried. */
const FAILURES_BEFORE_STREAM = 3;
/** How long to stay on the stream before the better way is tried again; doubles each time in vain. */
const STREAM_STAY_MS = 60_000;
const STREAM_STAY_MAX_MS = 1_800_000;

/** Decides by which way the next connection is tried. */
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

  /** The hub spoke. */
  worked(via: Via): void {
    if (via === 'websocket') {
      this.#failures = 0;
      this.#stay_ms = STREAM_STAY_MS;
    }
  }

  /** The connection never came so far that the hub spoke. */
  failed(via: Via): void {
    if (via === 'websocket') this.#failures += 1;
  }

  /** A stream ended, by itself or because its stay is over: one WebSocket gets its chance. */
  streamEnded(): void {
    this.#failures = FAILURES_BEFORE_STREAM - 1;
  }

  /** How long this stream may stay. */
  takeStay_ms(): number {
    const stay_ms = this.#stay_ms;
    this.#stay_ms = Math.min(stay_ms * 2, STREAM_STAY_MAX_MS);
    return stay_ms;
  }
}
