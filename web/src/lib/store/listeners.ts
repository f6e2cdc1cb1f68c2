import type { Cancel } from '@/lib/clock/timers';

/** Who wants to know about which key. */
export class Listeners<Argument> {
  readonly #byKey = new Map<string, Set<(argument: Argument) => void>>();

  add(key: string, listener: (argument: Argument) => void): Cancel {
    let listeners = this.#byKey.get(key);
    if (!listeners) {
      listeners = new Set();
      this.#byKey.set(key, listeners);
    }
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#byKey.get(key) === listeners) this.#byKey.delete(key);
    };
  }

  tell(key: string, argument: Argument): void {
    for (const listener of [...(this.#byKey.get(key) ?? [])]) listener(argument);
  }
}
