import { ApiProblem } from '@/lib/api/api-problem';
import type { GetJson } from '@/lib/api/get-json';
import { retryPause_ms } from '@/lib/api/retry-pause';
import type { Cancel, Timers } from '@/lib/clock/timers';
import type { AirlinesBody, AirportRow, AirportsBody, BoardBody } from '@/wire/types';

/** A code we do not know makes us ask again, but not more often than this. */
const ASK_AGAIN_MS = 30_000;
/** More pages of airports than the world has. */
const PAGES_MAX = 50;

export type DirectoryView = {
  airports: ReadonlyMap<string, AirportRow>;
  /** Airports without flights whose board was opened all the same. */
  others: ReadonlyMap<string, AirportRow>;
  airlines: ReadonlyMap<string, string>;
  /** ICAO designators of airlines that are known by another code. */
  icao: ReadonlyMap<string, string>;
  /** True once the airports have come. */
  known: boolean;
  /** The reason why they are missing or outdated, as text. */
  failure: string | null;
};

/** Names and zones for the codes in flights. Fetched once, and again for an unknown code or on request. */
export class Directory {
  readonly #getJson: GetJson;
  readonly #timers: Timers;
  readonly #random: () => number;
  readonly #listeners = new Set<() => void>();
  #view: DirectoryView = {
    airports: new Map(),
    others: new Map(),
    airlines: new Map(),
    icao: new Map(),
    known: false,
    failure: null,
  };
  #asked_ms: number | null = null;
  #waiting: Cancel | null = null;
  #failures = 0;
  /** Airports that are being looked for, or will be again. */
  readonly #sought = new Set<string>();

  constructor(getJson: GetJson, timers: Timers, random: () => number) {
    this.#random = random;
    this.#getJson = getJson;
    this.#timers = timers;
  }

  view(): DirectoryView {
    return this.#view;
  }

  subscribe(listener: () => void): Cancel {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Fetches updates now. */
  refresh(): void {
    this.#waiting?.();
    this.#waiting = null;
    this.#asked_ms = this.#timers.now();
    void this.#load();
  }

  refreshIfOlder(age_ms: number): void {
    if (this.#asked_ms === null || this.#timers.now() - this.#asked_ms >= age_ms) this.refresh();
  }

  /** A flight names a code that is not in the directory. */
  miss(): void {
    if (this.#waiting) return;
    const due_ms = this.#asked_ms === null ? 0 : this.#asked_ms + ASK_AGAIN_MS - this.#timers.now();
    if (due_ms <= 0) this.refresh();
    else this.#waiting = this.#timers.after(due_ms, () => this.refresh());
  }

  /**
   * The board of an airport that has no flights is open: its name is with the board. Goes on until the hub has
   * answered, as a screen would otherwise be in UTC for as long as it hangs.
   */
  find(iata: string): void {
    if (this.#sought.has(iata)) return;
    this.#sought.add(iata);
    void this.#seek(iata, 0);
  }

  async #seek(iata: string, failures: number): Promise<void> {
    try {
      const body = await this.#getJson<BoardBody>(`/boards/${iata}/departures`);
      this.#sought.delete(iata);
      const others = new Map(this.#view.others).set(iata, { ...body.airport, flights: 0 });
      this.#tell({ ...this.#view, others });
    } catch (error) {
      // An unknown airport needs no message here: the board shows it.
      if (error instanceof ApiProblem && !error.isPassing) this.#sought.delete(iata);
      else {
        const pause_ms = retryPause_ms(failures + 1, this.#random);
        this.#timers.after(pause_ms, () => void this.#seek(iata, failures + 1));
      }
    }
  }

  async #load(): Promise<void> {
    try {
      const [airports, airlines] = await Promise.all([
        this.#airports(),
        this.#getJson<AirlinesBody>('/airlines'),
      ]);
      this.#failures = 0;
      this.#tell({
        ...this.#view,
        airports: new Map(airports.map((row) => [row.iata, row])),
        airlines: new Map(airlines.airlines.map((row) => [row.code, row.name])),
        icao: new Map(airlines.airlines.flatMap(({ code, icao }) => (icao === null ? [] : [[code, icao]]))),
        known: true,
        failure: null,
      });
    } catch (error) {
      this.#tell({ ...this.#view, failure: error instanceof Error ? error.message : String(error) });
      this.#failures += 1;
      this.#waiting ??= this.#timers.after(retryPause_ms(this.#failures, this.#random), () => this.refresh());
    }
  }

  /** All pages of the airports that have flights. */
  async #airports(): Promise<AirportRow[]> {
    const rows: AirportRow[] = [];
    let path = '/airports';
    for (let page = 0; page < PAGES_MAX; page += 1) {
      const body = await this.#getJson<AirportsBody>(path);
      rows.push(...body.airports);
      if (body.next === undefined) break;
      path = `/airports?cursor=${encodeURIComponent(body.next)}`;
    }
    return rows;
  }

  #tell(view: DirectoryView): void {
    this.#view = view;
    for (const listener of this.#listeners) listener();
  }
}
