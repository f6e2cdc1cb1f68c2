import { eventStreamTransport } from '@/lib/socket/event-stream-transport';
import type { JoinStream } from '@/lib/socket/shared-stream';
import { StreamHub } from '@/lib/socket/stream-hub';
import { FakeTimers } from '@/testing/fake-timers';
import { afterEach, beforeEach, vi } from 'vitest';

export class FakeEventSource extends EventTarget {
  static opened: FakeEventSource[] = [];
  onerror: (() => void) | null = null;
  closed = false;

  constructor(readonly url: string) {
    super();
    FakeEventSource.opened.push(this);
  }

  close(): void {
    this.closed = true;
  }

  says(type: string, data: string): void {
    this.dispatchEvent(new MessageEvent(type, { data }));
  }
}

export const HELLO =
  '{"type":"hello","epoch":"e1","clock":{"now":"2013-02-08T20:00:00Z","speed":1},"ping_s":25}';

/** Tabs that get their frames by event streams, of which the test is the hub. Call it outside of tests. */
export function someTabs() {
  const setting = { timers: new FakeTimers() };
  beforeEach(() => {
    FakeEventSource.opened = [];
    setting.timers = new FakeTimers();
    vi.stubGlobal('EventSource', FakeEventSource);
  });
  afterEach(() => vi.unstubAllGlobals());
  /** What tabs share. */
  const aHub = (): JoinStream => {
    const hub = new StreamHub('/api/v1', setting.timers);
    return (tell) => hub.join(tell);
  };
  /** A tab; without others its stream is its own. */
  const connect = (join = aHub()) => {
    const heard = { open: vi.fn(), frame: vi.fn(), close: vi.fn(), lineBegan: vi.fn(), lineEnded: vi.fn() };
    return { transport: eventStreamTransport('/api/v1', join)(heard), heard };
  };
  const stream = (index: number) => {
    const one = FakeEventSource.opened[index];
    if (!one) throw new Error('no such stream');
    return one;
  };
  const wait = (by_ms: number) => setting.timers.advance(by_ms);
  /** So many topics as were followed until now are asked for. */
  const gathered = () => wait(20);
  const urls = () => FakeEventSource.opened.map((one) => decodeURIComponent(one.url));
  return { aHub, connect, stream, wait, gathered, urls };
}
