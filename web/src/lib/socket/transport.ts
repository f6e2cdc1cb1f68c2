import type { ClientFrame } from '@/wire/types';

/**
 * A transport's events for the client. `close` occurs exactly once, even if the transport never opened. A transport
 * whose frames do not arrive over the connection itself names their line, because each line can fail separately.
 */
export type TransportEvents = {
  open(): void;
  frame(text: string, line: string | null): void;
  close(code: number, reason: string): void;
  /** From now on this line must deliver frames. */
  lineBegan(line: string): void;
  /** This line delivers no more frames. */
  lineEnded(line: string): void;
};

/** One connection, or an attempt. After `close()` it sends no more events. */
export type Transport = {
  send(frame: ClientFrame): void;
  close(): void;
};

export type Connect = (events: TransportEvents) => Transport;
