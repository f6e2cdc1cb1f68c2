/** A topic as the page holds it. Replaced as a whole whenever anything in it changes. */
export type TopicView = {
  legs: ReadonlySet<string>;
  /** True from the first snapshot on, also after the link is lost. */
  known: boolean;
  /** True while every change since the last snapshot has reached us. */
  synced: boolean;
  /** Why the hub refused the topic. */
  failure: string | null;
};

export const emptyTopic: TopicView = { legs: new Set(), known: false, synced: false, failure: null };
