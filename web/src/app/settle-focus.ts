/**
 * Puts the focus on the link to `followed`, or on the page's heading, and keeps it there until somebody does
 * something: what a page shows while it fetches goes, and takes the focus with it, and a long list is drawn only
 * when its rows have come. Returns how to let go.
 */
export function settleFocus(followed: string | null): () => void {
  /** What was given the focus here, last. */
  let given: Element | null = null;
  const settle = () => {
    const { activeElement } = document;
    const isLost = activeElement === null || activeElement === document.body;
    const link = followed === null ? null : linkTo(followed);
    if (link !== null && link !== given && (isLost || activeElement === given)) {
      given = link;
      link.focus();
    } else if (isLost && link === null) {
      given = beginning();
      if (given instanceof HTMLElement) given.focus({ preventScroll: true });
    }
  };
  // What had the focus on the page before is gone, or was a part of both.
  if (document.activeElement instanceof HTMLElement) document.activeElement.blur();
  settle();
  const observer = new MutationObserver(settle);
  observer.observe(document.body, { childList: true, subtree: true });
  const letGo = () => {
    observer.disconnect();
    for (const act of ACTS) document.removeEventListener(act, letGo, true);
  };
  for (const act of ACTS) document.addEventListener(act, letGo, true);
  return letGo;
}

/** By these somebody takes the focus into their own hands. */
const ACTS = ['keydown', 'pointerdown'] as const;

const linkTo = (address: string): HTMLElement | null =>
  document.querySelector<HTMLElement>(`main a[href="${CSS.escape(address)}"]`);

/** The heading of the page, which names it; or where its content begins. */
function beginning(): HTMLElement | null {
  const heading = document.querySelector<HTMLElement>('main h1') ?? document.getElementById('content');
  if (heading !== null && !heading.hasAttribute('tabindex')) heading.tabIndex = -1;
  return heading;
}
