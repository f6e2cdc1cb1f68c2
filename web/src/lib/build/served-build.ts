import { ANSWER_WITHIN_MS } from '@/lib/api/get-json';

/** The script that a page begins with. Its name holds a hash of all that it loads, so it names the build. */
const ENTRY = /<script\b[^>]*\btype="module"[^>]*\bsrc="([^"]+)"/;

/** The build that the hub serves: null unless the hub returns a page whose script is available too. */
export async function servedBuild(): Promise<string | null> {
  try {
    const build = entryOf(await bodyOf('/'));
    // On the way to a new build a proxy may have the page of one and the files of another.
    if (build !== null && build !== ownBuild()) await bodyOf(build);
    return build;
  } catch {
    return null;
  }
}

/** The build that this page is of. */
export const ownBuild = (): string | null =>
  document.querySelector('script[type="module"][src]')?.getAttribute('src') ?? null;

export const entryOf = (html: string): string | null => ENTRY.exec(html)?.[1] ?? null;

async function bodyOf(path: string): Promise<string> {
  const answer = await fetch(path, { cache: 'no-cache', signal: AbortSignal.timeout(ANSWER_WITHIN_MS) });
  if (!answer.ok) throw new Error(`status ${answer.status}`);
  return answer.text();
}
