/**
 * The worker that owns the stream shared by all tabs of a browser. It lives as long as any of them, so no tab has to
 * take over from another.
 */
import { SteadyTimers } from '@/lib/clock/timers';
import { type PageSays, StreamHub } from '@/lib/socket/stream-hub';

const hub = new StreamHub('/api/v1', new SteadyTimers());

addEventListener('connect', (event) => {
  const [port] = (event as MessageEvent).ports;
  if (!port) return;
  const hear = hub.join((message) => port.postMessage(message));
  port.onmessage = (message: MessageEvent<PageSays>) => hear(message.data);
});
