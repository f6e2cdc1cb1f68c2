import { joinSharedStream } from '@/lib/socket/shared-stream';
import type { HubSays, PageSays } from '@/lib/socket/stream-hub';
import { FakeTimers } from '@/testing/fake-timers';
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => vi.unstubAllGlobals());

/** A worker of which the test is the inside. */
function aWorker() {
  const timers = new FakeTimers();
  const said: PageSays[] = [];
  const port = {
    onmessage: null as ((event: MessageEvent<HubSays>) => void) | null,
    postMessage: (message: PageSays) => said.push(message),
    start: () => undefined,
    close: vi.fn(),
  };
  let fails = () => {};
  const join = joinSharedStream('/api/v1', timers, (onFail) => {
    fails = onFail;
    return { port: port as unknown as MessagePort };
  });
  const tells = (message: HubSays) => port.onmessage?.(new MessageEvent('message', { data: message }));
  return { timers, said, port, join, tells, fails: () => fails() };
}

test('a tab speaks to the worker that all tabs share, and says that it is there', () => {
  const { timers, said, port, join, tells } = aWorker();
  const told: HubSays[] = [];
  const speak = join((message) => told.push(message));
  tells({ says: 'ready' });
  speak({ says: 'follow', topic: 'all', ref: 1 });
  timers.advance(40_000);
  expect(said).toEqual([{ says: 'follow', topic: 'all', ref: 1 }, { says: 'here' }, { says: 'here' }]);
  speak({ says: 'bye' });
  timers.advance(40_000);
  expect(said.at(-1)).toEqual({ says: 'bye' });
  expect(told).toEqual([{ says: 'ready' }]);
  expect(port.close).toHaveBeenCalledOnce();
});

test('a tab that is back from the browser’s cache asks at once whether it is known, and once lost is over', () => {
  const { timers, said, port, join, tells } = aWorker();
  join(() => undefined);
  tells({ says: 'ready' });
  dispatchEvent(new Event('pagehide'));
  dispatchEvent(Object.assign(new Event('pageshow'), { persisted: true }));
  expect(said).toEqual([{ says: 'bye' }, { says: 'here' }]);
  tells({ says: 'lost' });
  timers.advance(60_000);
  expect(said).toHaveLength(2);
  expect(port.close).toHaveBeenCalledOnce();
});

test('a tab that is closed says goodbye', () => {
  const { said, join, tells } = aWorker();
  join(() => undefined);
  tells({ says: 'ready' });
  dispatchEvent(new Event('pagehide'));
  expect(said).toEqual([{ says: 'bye' }]);
});

test.each(['whose code is gone', 'that never begins'])(
  'without a worker, as one %s, a tab has a stream of its own',
  (why) => {
    const opened = vi.fn();
    vi.stubGlobal(
      'EventSource',
      class extends EventTarget {
        constructor(url: string) {
          super();
          opened(url);
        }
        close(): void {}
      },
    );
    const { timers, said, join, tells, fails } = aWorker();
    const told: HubSays[] = [];
    const speak = join((message) => told.push(message));
    if (why === 'whose code is gone') fails();
    else timers.advance(3_000);
    expect(told).toEqual([{ says: 'ready' }]);
    speak({ says: 'follow', topic: 'all', ref: null });
    timers.advance(20);
    expect(opened).toHaveBeenCalledExactlyOnceWith('/api/v1/stream?topic=all');
    // A worker that starts late is notified that no page waits for it.
    tells({ says: 'ready' });
    expect(said).toEqual([{ says: 'bye' }]);
  },
);
