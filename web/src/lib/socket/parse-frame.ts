import type { ServerFrame } from '@/wire/types';

/** A frame, or null for what is none: one bad frame must not end a page. Unknown types are left to the caller. */
export function parseFrame(text: string): ServerFrame | null {
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== 'object' || value === null || !('type' in value)) return null;
    return typeof value.type === 'string' ? (value as ServerFrame) : null;
  } catch {
    return null;
  }
}
