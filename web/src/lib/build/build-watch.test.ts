import { BuildWatch } from '@/lib/build/build-watch';
import { entryOf } from '@/lib/build/served-build';
import { FakeTimers } from '@/testing/fake-timers';
import { expect, test } from 'vitest';

const HOUR_MS = 3_600_000;

/** The same tab: what it remembers outlives its pages. */
function aTab() {
  const kept = new Map<string, string>();
  const timers = new FakeTimers();
  const memory = {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, text: string) => void kept.set(key, text),
  };
  return (own: string, served: () => string | null, remembers = true) => {
    let reloads = 0;
    const watch = new BuildWatch({
      own,
      served: () => Promise.resolve(served()),
      memory: remembers ? memory : null,
      timers,
      random: () => 0.5,
      reload: () => (reloads += 1),
    });
    return { watch, timers, reloads: () => reloads };
  };
}

test('another build is noticed, and loaded when it is time', async () => {
  const { watch, reloads } = aTab()('a', () => 'b');
  let told = 0;
  watch.subscribe(() => (told += 1));
  await watch.look();
  expect([watch.isNew(), told, reloads()]).toEqual([true, 1, 0]);
  expect(await watch.take()).toBe(true);
  expect(reloads()).toBe(1);
});

test('a build that is taken twice at the same time is loaded once', async () => {
  const { watch, reloads } = aTab()('a', () => 'b');
  expect(await Promise.all([watch.take(), watch.take()])).toEqual([true, true]);
  expect(reloads()).toBe(1);
});

test.each([
  ['the same', () => 'a'],
  ['not to be found out', () => null],
])('a page is not given up while the build is %s', async (_, served) => {
  const { watch, reloads } = aTab()('a', served);
  expect(await watch.take()).toBe(false);
  expect(reloads()).toBe(0);
});

test('a hub that has gone since the build was noticed keeps the page as it is', async () => {
  let build: string | null = 'b';
  const { watch, reloads } = aTab()('a', () => build);
  await watch.look();
  build = 'a';
  expect(await watch.take()).toBe(false);
  expect(reloads()).toBe(0);
});

test('nodes of two builds make no circle', async () => {
  const page = aTab();
  let reloads = 0;
  // Each time the page comes from one node, and is asked about at the other.
  for (let turn = 0; turn < 20; turn += 1) {
    const [own, other] = turn % 2 === 0 ? (['a', 'b'] as const) : (['b', 'a'] as const);
    if (await page(own, () => other).watch.take()) reloads += 1;
  }
  expect(reloads).toBe(2);
  const { watch, timers } = page('a', () => 'b');
  timers.advance(HOUR_MS);
  expect(await watch.take()).toBe(true);
});

test('where the browser keeps nothing a page is never loaded by itself', async () => {
  const { watch, reloads } = aTab()('a', () => 'b', false);
  expect(await watch.take()).toBe(false);
  expect(reloads()).toBe(0);
});

test('a page that is open for long asks by itself', async () => {
  let build = 'a';
  const { watch, timers } = aTab()('a', () => build);
  watch.start();
  build = 'b';
  timers.advance(600_000);
  await Promise.resolve();
  await Promise.resolve();
  expect(watch.isNew()).toBe(true);
});

test('a build is named by the script that its page begins with', () => {
  const html = '<script type="module" crossorigin src="/assets/index-1a.js"></script><link href="/x.css">';
  expect(entryOf(html)).toBe('/assets/index-1a.js');
  expect(entryOf('<h1>Log in</h1>')).toBeNull();
});
