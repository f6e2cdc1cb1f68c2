/** The flights, their history, and who follows which topic: just enough of the hub for developing the page. */
import { iso } from './blizzard.mjs';
import { isAirport } from './places.mjs';

export class HubState {
  constructor(flights, clock, epoch) {
    this.flights = new Map(flights.map((flight) => [flight.leg, flight]));
    this.history = new Map();
    this.listeners = new Set();
    this.clock = clock;
    this.epoch = epoch;
    /** The `upstream` frame of a node without changes: sent at once, and after each hello. */
    this.warning = null;
    this.warned = new Set();
  }

  /** Hears of no changes since an instant (milliseconds), or, with null, hears of them again. */
  warn(since_ms) {
    const away = since_ms !== null;
    const since = away ? new Date(since_ms).toISOString() : null;
    const frame = { type: 'upstream', current: !away, since };
    this.warning = away ? frame : null;
    for (const tell of this.warned) tell(frame);
  }

  topicHas(topic, flight) {
    const [kind, name, direction] = topic.split('/');
    if (kind === 'all') return true;
    if (kind === 'flight') return topic === `flight/${flight.leg}`;
    if (kind === 'airline') return flight.carrier === name;
    const end = direction === 'departures' ? flight.departure : flight.arrival;
    return end.airport === name;
  }

  isTopic(topic) {
    const [, iata] = /^board\/([A-Z]{3})\/(?:departures|arrivals)$/.exec(topic) ?? [];
    return iata === undefined ? /^(all|flight\/.+|airline\/[A-Z0-9]{2})$/.test(topic) : isAirport(iata);
  }

  /** A valid topic of an unknown flight. */
  isUnknownFlight(topic) {
    const [kind, leg] = topic.split('/');
    return kind === 'flight' && !this.flights.has(leg);
  }

  snapshot(topic, since) {
    const flights = [...this.flights.values()].filter((flight) => this.topicHas(topic, flight));
    const partial = since !== undefined;
    const chosen = partial ? flights.filter((flight) => flight.changed_at >= since) : flights;
    return { type: 'snapshot', topic, partial, flights: chosen };
  }

  add(flight) {
    this.flights.set(flight.leg, flight);
  }

  /** Applies `set` (flat dotted paths) and tells all followers. Returns false for an unknown flight. */
  change(leg, kinds, set) {
    const flight = this.flights.get(leg);
    if (!flight) return false;
    for (const [path, value] of Object.entries(set)) {
      const [outer, inner] = path.split('.');
      if (inner === undefined) flight[outer] = value;
      else flight[outer][inner] = value;
    }
    flight.rev += 1;
    flight.changed_at = iso(this.clock.now());
    const frame = { type: 'change', leg, rev: flight.rev, at: flight.changed_at, kinds, set };
    const entry = {
      rev: frame.rev,
      at: frame.at,
      kinds,
      set,
      source: flight.departure.airport.toLowerCase(),
    };
    this.history.set(leg, [...(this.history.get(leg) ?? []), entry]);
    // A flight's first revision is sent complete, because clients have no base to apply it to.
    const told = flight.rev === 1 ? { type: 'state', flight } : frame;
    for (const listener of this.listeners) listener(told, flight);
    return true;
  }
}
