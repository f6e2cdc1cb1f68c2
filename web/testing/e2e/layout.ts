import type { Locator, Page } from 'playwright-core';

type Box = { name: string; left: number; top: number; right: number; bottom: number };

/** Where the text of an element and of what is in it is drawn, as far as it can be seen. */
const boxesOf = (within: Locator, selector: string): Promise<Box[]> =>
  within.evaluate(
    (root, chosen) =>
      [...root.querySelectorAll(chosen)].flatMap((element) => {
        const range = document.createRange();
        range.selectNodeContents(element);
        const { left, top, right, bottom } = range.getBoundingClientRect();
        if (right - left < 2 || bottom - top < 2) return [];
        // What overflows a cell that cuts it off is not seen.
        const style = getComputedStyle(element);
        const cell = element.getBoundingClientRect();
        const cut = style.overflowX !== 'visible';
        const name = `${element.className.split(' ')[0] ?? ''} "${element.textContent}"`;
        return [{ name, left, top, right: cut ? Math.min(right, cell.right) : right, bottom }];
      }),
    selector,
  );

/** Pairs of cells of which one is drawn over the other. */
export async function overlaps(within: Locator, selector: string): Promise<string[]> {
  const boxes = await boxesOf(within, selector);
  return boxes.flatMap((one, index) =>
    boxes
      .slice(index + 1)
      .filter(
        (other) =>
          one.left < other.right - 1 &&
          other.left < one.right - 1 &&
          one.top < other.bottom - 1 &&
          other.top < one.bottom - 1,
      )
      .map((other) => `${one.name} and ${other.name}`),
  );
}

/** What of an element's content lies outside of the window. */
export async function outsideOf(page: Page, within: Locator, selector: string): Promise<string[]> {
  const { width, height } = page.viewportSize() ?? { width: 0, height: 0 };
  const boxes = await boxesOf(within, selector);
  return boxes
    .filter((box) => box.left < -1 || box.top < -1 || box.right > width + 1 || box.bottom > height + 1)
    .map((box) => box.name);
}
