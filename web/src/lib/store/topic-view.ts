/** A topic as the page holds it. Replaced as a whole whenever anything in it changes. */
export type TopicView = {
  legs: ReadonlySet<string>;
  /** True from the first snapshot on, also after the link is lost. */
  known: boolean;
  /**
   * The operational instant of which the topic is still a true picture, once the link was lost; null again as
   * soon as the hub has brought it up to date. A new link alone does not: until its snapshot a gate that
   * changed meanwhile is shown as it was.
   */
  behind_since_ms: number | null;
  /** Why the hub refused the topic. */
  failure: string | null;
};

export const emptyTopic: TopicView = {
  legs: new Set(),
  known: false,
  behind_since_ms: null,
  failure: null,
};
