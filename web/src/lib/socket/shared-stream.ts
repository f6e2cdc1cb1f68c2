import type { Timers } from '@/lib/clock/timers';
import { HERE_EVERY_MS, type HubSays, type PageSays, StreamHub } from '@/lib/socket/stream-hub';

/** How long to wait for the worker's start. */
const BEGIN_WITHIN_MS = 3_000;

/** Opens a port to a stream and returns a function to send to it. Its first message is `ready`. */
export type JoinStream = (tell: (message: HubSays) => void) => (message: PageSays) => void;

/**
 * The stream that all tabs share, in a shared worker. If the browser has no shared workers, or the worker's code
 * belongs to an older build and is gone, the page opens its own stream.
 */
export function joinSharedStream(base: string, timers: Timers, startWorker = startSharedWorker): JoinStream {
  return (tell) => {
    let speak: ((message: PageSays) => void) | null = null;
    let isOver = false;
    const alone = () => {
      if (speak !== null || isOver) return;
      speak = new StreamHub(base, timers).join(tell);
    };
    const worker = startWorker(alone);
    if (worker === null) {
      alone();
      return (message) => speak?.(message);
    }
    const late = timers.after(BEGIN_WITHIN_MS, alone);
    const { port } = worker;
    let stopHere = () => {};
    const sayHere = () => {
      stopHere();
      port.postMessage({ says: 'here' } satisfies PageSays);
      stopHere = timers.after(HERE_EVERY_MS, sayHere);
    };
    const bye = () => port.postMessage({ says: 'bye' } satisfies PageSays);
    // A page that is back from the browser's cache has said goodbye: it hears at once that it is lost.
    const back = (event: PageTransitionEvent) => {
      if (event.persisted) sayHere();
    };
    const end = () => {
      stopHere();
      removeEventListener('pagehide', bye);
      removeEventListener('pageshow', back);
      port.close();
    };
    port.onmessage = (event: MessageEvent<HubSays>) => {
      if (event.data.says === 'ready' && speak === null && !isOver) {
        late();
        speak = (message) => port.postMessage(message);
        stopHere = timers.after(HERE_EVERY_MS, sayHere);
        addEventListener('pagehide', bye);
        addEventListener('pageshow', back);
      } else if (event.data.says === 'ready') {
        bye();
        end();
      }
      if (event.data.says === 'lost') end();
      if (!isOver) tell(event.data);
    };
    port.start();
    return (message) => {
      speak?.(message);
      if (message.says !== 'bye') return;
      isOver = true;
      late();
      // A worker that has not started is notified when it starts.
      if (speak !== null) end();
    };
  };
}

type StartedWorker = Pick<SharedWorker, 'port'>;

/** Null if the browser has no shared workers. */
function startSharedWorker(onFail: () => void): StartedWorker | null {
  try {
    const worker = new SharedWorker(new URL('./shared-stream-worker.ts', import.meta.url), {
      type: 'module',
      name: 'gatecall-stream',
    });
    worker.onerror = onFail;
    return worker;
  } catch {
    return null;
  }
}
