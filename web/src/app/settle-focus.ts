/**
 * Puts the focus on the link to `followed`, or on the page's heading, and keeps it there until the user acts. The
 * element that a page shows while it loads disappears with the focus, and a long list is rendered only when its
 * rows arrive. Returns a function that stops this.
 */
export function settleFocus(followed: string | null): () => void {
  /** The element that last got the focus here. */
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
  // The previously focused element is gone, or is part of both pages.
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

/** Events by which the user takes control of the focus. */
const ACTS = ['keydown', 'pointerdown'] as const;

const linkTo = (address: string): HTMLElement | null =>
  document.querySelector<HTMLElement>(`main a[href="${CSS.escape(address)}"]`);

/** The page's heading, or the start of its content. */
function beginning(): HTMLElement | null {
  const heading = document.querySelector<HTMLElement>('main h1') ?? document.getElementById('content');
  if (heading !== null && !heading.hasAttribute('tabindex')) heading.tabIndex = -1;
  return heading;
}
