import { readFileSync } from 'node:fs';
import { Marked, type Tokens } from 'marked';
import type { Plugin } from 'vite';

const ASKED = '.md?html';

/** Makes HTML of `x.md?html` when the page is built: what a browser gets is text, and no reader of Markdown. */
export function markdown(): Plugin {
  return {
    name: 'gatecall-markdown',
    enforce: 'pre',
    load(id) {
      if (!id.endsWith(ASKED)) return null;
      const file = id.slice(0, -'?html'.length);
      this.addWatchFile(file);
      return `export default ${JSON.stringify(htmlOf(readFileSync(file, 'utf8')))}`;
    },
  };
}

/** Headings get the names that links know them by. */
export function htmlOf(text: string): string {
  const marked = new Marked({
    renderer: {
      heading({ tokens, depth, text: words }: Tokens.Heading) {
        const inside = this.parser.parseInline(tokens);
        const name = nameOf(words);
        return `<h${depth} id="${name}">${inside}</h${depth}>\n`;
      },
      link({ href, tokens }: Tokens.Link) {
        const inside = this.parser.parseInline(tokens);
        // Other files of the repository are not on the site.
        return /^(#|https?:)/.test(href) ? `<a href="${href}">${inside}</a>` : inside;
      },
      code({ text: code }: Tokens.Code) {
        // It may be wider than the page, so a keyboard must be able to reach and move it.
        return `<pre tabindex="0"><code>${escaped(code)}</code></pre>\n`;
      },
      html({ text: tag }: Tokens.HTML | Tokens.Tag) {
        return escaped(tag);
      },
    },
  });
  const html = marked.parse(text, { async: false });
  return (
    html
      .replaceAll('<table>', '<div class="table" tabindex="0"><table>')
      .replaceAll('</table>', '</table></div>')
      // A column without a name has no heading: an empty one would be read aloud.
      .replaceAll(/<th[^>]*><\/th>/g, '<td></td>')
  );
}

/** The name of a heading, as on GitHub. */
function nameOf(words: string): string {
  return words
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
}

const escaped = (text: string) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
