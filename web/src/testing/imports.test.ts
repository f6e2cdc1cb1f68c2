import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const SRC = join(import.meta.dirname, '..');

/** What each module needs of the others at run time; types are gone by then. */
function needs(): Map<string, string[]> {
  const files = readdirSync(SRC, { recursive: true, encoding: 'utf8' }).filter((name) =>
    /\.tsx?$/.test(name),
  );
  return new Map(
    files.map((name) => {
      const text = readFileSync(join(SRC, name), 'utf8');
      const found = [...text.matchAll(/^(?:import|export)\s(?!type\s)[^'";]*?from '@\/([^']+)'/gms)];
      return [name.replace(/\.tsx?$/, ''), found.map((match) => match[1] ?? '')];
    }),
  );
}

test('no module needs itself in the end', () => {
  const graph = needs();
  const done = new Set<string>();
  const walk = (name: string, path: string[]): string[] | null => {
    if (path.includes(name)) return [...path.slice(path.indexOf(name)), name];
    if (done.has(name)) return null;
    for (const next of graph.get(name) ?? []) {
      const cycle = walk(next, [...path, name]);
      if (cycle) return cycle;
    }
    done.add(name);
    return null;
  };
  expect(graph.size).toBeGreaterThan(80);
  expect([...graph.keys()].map((name) => walk(name, [])).find((cycle) => cycle !== null)).toBeUndefined();
});
