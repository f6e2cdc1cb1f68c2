/**
 * The flights that are missing or known to be wrong. They stay on the list until their complete state arrives, also
 * across a reconnect: resuming by time does not repeat a change that was lost before a later one.
 */
export class MissingFlights {
  readonly #newest = new Map<string, number>();

  /** Returns true if the flight must be requested, false if a request is already in progress. */
  note(leg: string, rev: number): boolean {
    const known = this.#newest.get(leg);
    this.#newest.set(leg, Math.max(known ?? 0, rev));
    return known === undefined;
  }

  /** The state arrived; returns true if a newer revision was seen meanwhile and another request is needed. */
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
