import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';

const css = readFileSync(join(import.meta.dirname, 'tokens.css'), 'utf8');

type Scheme = 'light' | 'dark';

/** A colour of the page in one of its schemes. */
function colour(name: string, scheme: Scheme): string {
  const [, value = ''] = new RegExp(`--${name}:\\s*([^;]+);`).exec(css) ?? [];
  const [light = '', dark = light] = value.match(/#[0-9a-f]{6}/g) ?? [];
  const found = scheme === 'light' ? light : dark;
  if (found === '') throw new Error(`--${name} is no colour`);
  return found;
}

/** WCAG 2: from 1 to 21. */
function contrast(text: string, ground: string): number {
  const [darker = 0, lighter = 0] = [luminance(text), luminance(ground)].sort((a, b) => a - b);
  return (lighter + 0.05) / (darker + 0.05);
}

function luminance(hex: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

const GROUNDS = ['ground', 'surface', 'surface-alt'];
const BADGES = ['go', 'hurry', 'shut', 'late', 'stop', 'unsure'].map((tone) => [
  `tone-${tone}`,
  `tone-${tone}-ground`,
]);
const PLAIN = ['text', 'text-soft', 'tone-calm', 'tone-done', 'new-time', 'link'].flatMap((text) =>
  GROUNDS.map((ground) => [text, ground]),
);
const SIGNS = [
  ['on-signal', 'signal'],
  ['on-mast', 'mast'],
  ['on-mast-soft', 'mast'],
  ['on-mast-soft', 'mast-raised'],
  ['signal', 'mast'],
  ['text', 'mark-ground'],
  ['new-time', 'mark-ground'],
  ['text-soft', 'mark-ground'],
];

test.each(['light', 'dark'] as const)('in %s all that is written can be read (WCAG AA)', (scheme) => {
  const faint = [...BADGES, ...PLAIN, ...SIGNS].flatMap(([text = '', ground = '']) => {
    const ratio = contrast(colour(text, scheme), colour(ground, scheme));
    return ratio >= 4.5 ? [] : [`${text} on ${ground}: ${ratio.toFixed(2)}`];
  });
  expect(faint).toEqual([]);
});

test.each(['light', 'dark'] as const)('in %s no two statuses look alike', (scheme) => {
  const pairs = BADGES.map((names) => names.map((name) => colour(name, scheme)).join(' on '));
  expect(new Set(pairs).size).toBe(pairs.length);
});
