import type { ClientFrame } from '@/wire/types';

/**
 * What a transport tells the client. `close` comes exactly once, also when it never opened. A transport whose
 * frames do not come over the connection itself names the line by which they come: it can die beside others.
 */
export type TransportEvents = {
  open(): void;
  frame(text: string, line: string | null): void;
  close(code: number, reason: string): void;
  /** From here on something must be heard on this line. */
  lineBegan(line: string): void;
  /** Nothing more is to be expected on it. */
  lineEnded(line: string): void;
};

/** One connection, or the attempt at one. After `close()` it tells nothing more. */
export type Transport = {
  send(frame: ClientFrame): void;
  close(): void;
};

export type Connect = (events: TransportEvents) => Transport;
