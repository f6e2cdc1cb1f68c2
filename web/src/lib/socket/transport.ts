import type { ClientFrame } from '@/wire/types';

/** What a transport tells the client. `close` comes exactly once, also when it never opened. */
export type TransportEvents = {
  open(): void;
  frame(text: string): void;
  close(code: number, reason: string): void;
};

/** One connection, or the attempt at one. After `close()` it tells nothing more. */
export type Transport = {
  send(frame: ClientFrame): void;
  close(): void;
};

export type Connect = (events: TransportEvents) => Transport;
