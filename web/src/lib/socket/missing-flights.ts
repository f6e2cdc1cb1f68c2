/**
 * The flights we know we hold wrongly or not at all. They stay on the list until their whole state has come,
 * also across a reconnect: resuming by time would never mention a change that was lost before a later one.
 */
export class MissingFlights {
  readonly #newest = new Map<string, number>();

  /** Returns true when it has to be asked for, false when that is already under way. */
  note(leg: string, rev: number): boolean {
    const known = this.#newest.get(leg);
    this.#newest.set(leg, Math.max(known ?? 0, rev));
    return known === undefined;
  }

  /** The state came; returns true when a newer revision was seen meanwhile, so that it has to be asked for again. */
  arrived(leg: string, held: number): boolean {
    const newest = this.#newest.get(leg);
    if (newest === undefined) return false;
    if (held >= newest) {
      this.#newest.delete(leg);
      return false;
    }
    return true;
  }

  forget(leg: string): void {
    this.#newest.delete(leg);
  }

  clear(): void {
    this.#newest.clear();
  }

  legs(): string[] {
    return [...this.#newest.keys()];
  }
}
