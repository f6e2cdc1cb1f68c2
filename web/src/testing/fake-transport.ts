import type { Connect, TransportEvents } from '@/lib/socket/transport';
import type { ClientFrame, ServerFrame } from '@/wire/types';

/** A hub without a network: the test is the hub. With `hasLines` each topic has a stream of its own. */
export class FakeTransport {
  readonly connections: FakeConnection[] = [];
  readonly #hasLines: boolean;

  constructor(hasLines = false) {
    this.#hasLines = hasLines;
  }

  readonly connect: Connect = (events) => {
    const connection = new FakeConnection(events, this.#hasLines);
    this.connections.push(connection);
    return {
      send: (frame) => connection.takes(frame),
      close: () => {
        connection.closed = true;
      },
    };
  };

  /** The newest connection. */
  get last(): FakeConnection {
    const last = this.connections.at(-1);
    if (!last) throw new Error('nothing has connected yet');
    return last;
  }
}

export class FakeConnection {
  readonly sent: ClientFrame[] = [];
  closed = false;
  readonly #events: TransportEvents;
  readonly #hasLines: boolean;

  constructor(events: TransportEvents, hasLines: boolean) {
    this.#events = events;
    this.#hasLines = hasLines;
  }

  takes(frame: ClientFrame): void {
    this.sent.push(frame);
    if (!this.#hasLines) return;
    if (frame.op === 'follow') this.#events.lineBegan(frame.topic);
    if (frame.op === 'unfollow') this.#events.lineEnded(frame.topic);
  }

  says(frame: ServerFrame, line: string | null = null): void {
    if (!this.closed) this.#events.frame(JSON.stringify(frame), line);
  }

  saysText(text: string): void {
    if (!this.closed) this.#events.frame(text, null);
  }

  opens(): void {
    this.#events.open();
  }

  greets(epoch = 'e1', ping_s = 25, now = '2013-02-08T20:00:00Z'): void {
    this.#events.open();
    this.says({ type: 'hello', epoch, clock: { now, speed: 1 }, ping_s });
  }

  /** What a stream begins with. */
  greetsOn(line: string, ping_s = 10): void {
    this.says({ type: 'hello', epoch: 'e1', clock: { now: '2013-02-08T20:00:00Z', speed: 1 }, ping_s }, line);
  }

  drops(code = 1006, reason = ''): void {
    if (!this.closed) this.#events.close(code, reason);
  }

  /** What was asked, without the running number. */
  asked(): Omit<ClientFrame, 'ref'>[] {
    return this.sent.map((frame) => {
      const asked: Record<string, unknown> = { ...frame };
      delete asked['ref'];
      return asked as Omit<ClientFrame, 'ref'>;
    });
  }
}
