import { parseFrame } from '@/lib/socket/parse-frame';
import type { ServerFrame } from '@/wire/types';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';

/** Examples written by the hub's own code, one of everything; the hub's tests keep them fresh. */
const FOLDER = join(process.cwd(), '..', 'wire', 'golden');

/** The names of the examples of one sort: `frame`, `client`, `rest`. */
export function goldenNames(sort: string): string[] {
  const names = readdirSync(FOLDER).filter((name) => name.startsWith(`${sort}-`));
  return names.map((name) => name.replace(/\.json$/, ''));
}

/** A body as the page would have it. That it has the type's shape is for the test to show. */
export function goldenBody(name: string): unknown {
  return JSON.parse(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
}

/** A frame as the socket client reads it. */
export function goldenFrame<Type extends ServerFrame['type']>(name: string, type: Type) {
  const frame = parseFrame(readFileSync(join(FOLDER, `${name}.json`), 'utf8'));
  if (frame?.type !== type) throw new Error(`${name} is no ${type} frame`);
  return frame as Extract<ServerFrame, { type: Type }>;
}
