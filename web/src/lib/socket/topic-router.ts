import { topicMatches } from '@/lib/store/topic-match';
import type { ServerFrame } from '@/wire/types';

/** A change of these paths may move a flight into a topic that did not contain it. */
const MOVES = /^diverted_to$|\.airport$|^codeshares$|^carrier$/;

/** Finds the followed topics of a frame, for pages that share one stream and follow different topics. */
export class TopicRouter {
  /** The flights of each topic, as far as the stream has sent them. */
  readonly #legs = new Map<string, Set<string>>();

  /** A complete snapshot of the topic follows. */
  follow(topic: string): void {
    this.#legs.set(topic, new Set());
  }

  /** Forgets all other topics. */
  keep(topics: string[]): void {
    for (const topic of this.#legs.keys()) if (!topics.includes(topic)) this.#legs.delete(topic);
  }

  /** Null if all pages are, or may be, concerned. */
  topicsOf(frame: ServerFrame): string[] | null {
    switch (frame.type) {
      case 'snapshot': {
        const legs = frame.partial ? (this.#legs.get(frame.topic) ?? []) : [];
        const told = frame.flights.map((flight) => flight.leg);
        if (this.#legs.has(frame.topic)) this.#legs.set(frame.topic, new Set([...legs, ...told]));
        return [frame.topic];
      }
      case 'gone':
        this.#legs.get(frame.topic)?.delete(frame.leg);
        return [frame.topic];
      case 'state': {
        const { flight } = frame;
        const topics = [...this.#legs].flatMap(([topic, legs]) => {
          if (topicMatches(topic, flight)) legs.add(flight.leg);
          return legs.has(flight.leg) ? [topic] : [];
        });
        return topics.length === 0 ? null : topics;
      }
      case 'change': {
        if (Object.keys(frame.set).some((path) => MOVES.test(path))) return null;
        const topics = [...this.#legs].flatMap(([topic, legs]) => (legs.has(frame.leg) ? [topic] : []));
        // A flight in no known topic is new to one of them: pages that do not have it request it.
        return topics.length === 0 ? null : topics;
      }
      default:
        return null;
    }
  }
}
