import type { ServerFrame } from '@/wire/types';

/** Parses a frame; null if invalid, so that one bad frame does not end a page. The caller handles unknown types. */
export function parseFrame(text: string): ServerFrame | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('type' in value)) return null;
    return typeof value.type === 'string' ? (value as ServerFrame) : null;
  } catch {
    return null;
  }
}
