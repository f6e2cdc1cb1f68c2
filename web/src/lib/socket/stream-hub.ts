import type { Cancel, Timers } from '@/lib/clock/timers';
import { MergedStream } from '@/lib/socket/merged-stream';
import type { Refusal } from '@/lib/socket/stream-refusal';

/** A page's requests to the shared stream. */
export type PageSays =
  | { says: 'follow'; topic: string; ref: number | null }
  | { says: 'unfollow'; topic: string }
  | { says: 'here' }
  | { says: 'bye' };

/** Messages to a page. After `lost` there are no more messages, and no topic is followed. */
export type HubSays =
  | { says: 'ready' }
  | { says: 'frame'; text: string }
  | { says: 'refused'; topic: string; ref: number | null; refusal: Refusal }
  | { says: 'lost' };

/** The interval of a page's heartbeat. The browser may delay that of a hidden page by a minute. */
export const HERE_EVERY_MS = 20_000;
/** A page without a heartbeat for this time was closed or frozen; a frozen page registers again by itself. */
const SILENT_MS = 180_000;
/** The hub's limit for one stream. One more topic would make it refuse the stream of all pages. */
const TOPICS_MAX = 64;

type Page = { tell: (message: HubSays) => void; topics: Map<string, number | null>; heard_ms: number };

/** Shares one stream among several pages: each gets the frames of the topics that it follows. */
export class StreamHub {
  readonly #timers: Timers;
  readonly #stream: MergedStream;
  readonly #pages = new Set<Page>();
  #look: Cancel | null = null;

  constructor(base: string, timers: Timers) {
    this.#timers = timers;
    this.#stream = new MergedStream(base, timers, {
      frame: (text, topics) => this.#frame(text, topics),
      refused: (topic, refusal) => this.#refused(topic, refusal),
      lost: () => this.#lost([...this.#pages]),
    });
  }

  /** Registers a page, and returns its function to send messages. */
  join(tell: (message: HubSays) => void): (message: PageSays) => void {
    const page: Page = { tell, topics: new Map(), heard_ms: this.#timers.now() };
    this.#pages.add(page);
    this.#lookLater();
    tell({ says: 'ready' });
    return (message) => this.#hear(page, message);
  }

  #hear(page: Page, message: PageSays): void {
    if (!this.#pages.has(page)) {
      // It said goodbye and is back from the browser's cache, or was taken for gone: it must begin anew.
      if (message.says !== 'bye') page.tell({ says: 'lost' });
      return;
    }
    page.heard_ms = this.#timers.now();
    if (message.says === 'follow') this.#follow(page, message.topic, message.ref);
    else if (message.says === 'unfollow') {
      page.topics.delete(message.topic);
      this.#leaveUnfollowed([message.topic]);
    } else if (message.says === 'bye') this.#remove(page);
  }

  #follow(page: Page, topic: string, ref: number | null): void {
    const followed = new Set([...this.#pages].flatMap((one) => [...one.topics.keys()]));
    if (followed.size >= TOPICS_MAX && !followed.has(topic)) {
      const message = `The tabs of this browser follow ${TOPICS_MAX} boards and flights already. Close some of them.`;
      page.tell({ says: 'refused', topic, ref, refusal: { code: 'too_many_topics', message } });
      return;
    }
    page.topics.set(topic, ref);
    this.#stream.follow(topic);
  }

  #frame(text: string, topics: string[] | null): void {
    for (const page of this.#pages) {
      const isConcerned = topics === null || topics.some((topic) => page.topics.has(topic));
      if (page.topics.size > 0 && isConcerned) page.tell({ says: 'frame', text });
    }
  }

  #refused(topic: string, refusal: Refusal): void {
    for (const page of this.#pages) {
      const ref = page.topics.get(topic);
      if (ref === undefined) continue;
      page.topics.delete(topic);
      page.tell({ says: 'refused', topic, ref, refusal });
    }
  }

  #lost(pages: Page[]): void {
    for (const page of pages) {
      this.#remove(page);
      page.tell({ says: 'lost' });
    }
  }

  #remove(page: Page): void {
    this.#pages.delete(page);
    this.#leaveUnfollowed([...page.topics.keys()]);
  }

  #leaveUnfollowed(topics: string[]): void {
    const others = [...this.#pages];
    for (const topic of topics) {
      if (!others.some((page) => page.topics.has(topic))) this.#stream.leave(topic);
    }
  }

  #lookLater(): void {
    this.#look ??= this.#timers.after(SILENT_MS / 3, () => {
      this.#look = null;
      const since_ms = this.#timers.now() - SILENT_MS;
      this.#lost([...this.#pages].filter((page) => page.heard_ms < since_ms));
      if (this.#pages.size > 0) this.#lookLater();
    });
  }
}
