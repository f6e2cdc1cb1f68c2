/** The number of entries of the browser's history to remember; users do not go back further. */
const ENTRIES_MAX = 100;

/** By entry of the browser's history: the address to which somebody went on from there. */
const wentOn = new Map<string, string>();

/** An entry was left for an address. */
export function noteWentOn(entry: string, address: string): void {
  wentOn.delete(entry);
  wentOn.set(entry, address);
  const [oldest] = wentOn.keys();
  if (wentOn.size > ENTRIES_MAX && oldest !== undefined) wentOn.delete(oldest);
}

/** To where somebody went on from an entry, so that who comes back finds the link where it was left. */
export const wentOnFrom = (entry: string): string | null => wentOn.get(entry) ?? null;
