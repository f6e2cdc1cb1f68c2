import { eventStreamTransport } from '@/lib/socket/event-stream-transport';
import { aFlight } from '@/testing/a-flight';
import { goldenFrame } from '@/testing/golden';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';

class FakeEventSource extends EventTarget {
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

beforeEach(() => {
  FakeEventSource.opened = [];
  vi.stubGlobal('EventSource', FakeEventSource);
});
afterEach(() => vi.unstubAllGlobals());

function connect() {
  const heard = { open: vi.fn(), frame: vi.fn(), close: vi.fn() };
  return { transport: eventStreamTransport('/api/v1')(heard), heard };
}
const stream = (index: number) => {
  const one = FakeEventSource.opened[index];
  if (!one) throw new Error('no such stream');
  return one;
};

test('a stream is opened for each topic that is followed, and its events are frames', async () => {
  const { transport, heard } = connect();
  await vi.waitFor(() => expect(heard.open).toHaveBeenCalledOnce());
  transport.send({ op: 'follow', topic: 'board/JFK/departures' });
  transport.send({ op: 'follow', topic: 'flight/B6-1' });
  expect(FakeEventSource.opened.map((one) => one.url)).toEqual([
    '/api/v1/stream?topic=board%2FJFK%2Fdepartures',
    '/api/v1/stream?topic=flight%2FB6-1',
  ]);
  stream(0).says('hello', '{"type":"hello"}');
  expect(heard.frame).toHaveBeenCalledWith('{"type":"hello"}');
  const warning = JSON.stringify(goldenFrame('frame-upstream', 'upstream'));
  stream(0).says('upstream', warning);
  expect(heard.frame).toHaveBeenLastCalledWith(warning);
  transport.send({ op: 'unfollow', topic: 'board/JFK/departures' });
  expect(stream(0).closed).toBe(true);
  expect(stream(1).closed).toBe(false);
});

test('a state that is asked for is fetched and handed on as a frame', async () => {
  const flight = aFlight();
  const asked = vi.fn(() => Promise.resolve(Response.json(flight)));
  vi.stubGlobal('fetch', asked);
  const { transport, heard } = connect();
  transport.send({ op: 'get', leg: flight.leg });
  await vi.waitFor(() => expect(heard.frame).toHaveBeenCalledWith(JSON.stringify({ type: 'state', flight })));
  expect(asked).toHaveBeenCalledWith(`/api/v1/flights/${flight.leg}`);
});

test('one broken stream ends the whole connection, once, so that the backoff is ours', () => {
  const { transport, heard } = connect();
  transport.send({ op: 'follow', topic: 'all' });
  transport.send({ op: 'follow', topic: 'flight/B6-1' });
  stream(0).onerror?.();
  stream(1).onerror?.();
  stream(1).says('hello', '{"type":"hello"}');
  expect(heard.close).toHaveBeenCalledExactlyOnceWith(1006, '');
  expect(heard.frame).not.toHaveBeenCalled();
  expect(FakeEventSource.opened.every((one) => one.closed)).toBe(true);
});
