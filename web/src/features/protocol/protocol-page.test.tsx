import { htmlOf } from '../../../markdown';
import { renderAt } from '@/testing/render-at';
import { screen } from '@testing-library/react';
import { expect, test } from 'vitest';

test('the protocol is shown whole, and its links lead to its own headings', async () => {
  const { container } = await renderAt('/docs/protocol');
  expect(await screen.findByRole('heading', { level: 1 })).toBeVisible();
  const links = [...container.querySelectorAll<HTMLAnchorElement>('article a[href^="#"]')];
  expect(links.length).toBeGreaterThan(5);
  for (const link of links) {
    const name = decodeURIComponent(link.hash.slice(1));
    expect(container.querySelector(`[id="${name}"]`), `${link.hash} leads nowhere`).not.toBeNull();
  }
  expect(container.querySelectorAll('article pre').length).toBeGreaterThan(10);
});

test('nothing of a document is run', () => {
  const html = htmlOf('# A\n\n<script>x()</script> and <b onclick="x()">this</b>\n\n```js\n<i>\n```\n');
  expect(html).not.toMatch(/<(script|b|i)\b/);
  expect(htmlOf('| | b |\n|---|---|\n| 1 | 2 |\n')).not.toContain('<th></th>');
  expect(htmlOf('[away](OPERATING.md), [here](#a)')).toContain('away, <a href="#a">here</a>');
});
