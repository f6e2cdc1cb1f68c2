import type { Connect, TransportEvents } from '@/lib/socket/transport';
import type { ClientFrame, ServerFrame } from '@/wire/types';

/** A hub without a network: the test is the hub. */
export class FakeTransport {
  readonly connections: FakeConnection[] = [];

  readonly connect: Connect = (events) => {
    const connection = new FakeConnection(events);
    this.connections.push(connection);
    return {
      send: (frame) => connection.sent.push(frame),
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

  constructor(events: TransportEvents) {
    this.#events = events;
  }

  says(frame: ServerFrame): void {
    if (!this.closed) this.#events.frame(JSON.stringify(frame));
  }

  saysText(text: string): void {
    if (!this.closed) this.#events.frame(text);
  }

  opens(): void {
    this.#events.open();
  }

  greets(epoch = 'e1', ping_s = 25, now = '2013-02-08T20:00:00Z'): void {
    this.#events.open();
    this.says({ type: 'hello', epoch, clock: { now, speed: 1 }, ping_s });
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
