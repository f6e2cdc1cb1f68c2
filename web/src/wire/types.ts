/** What crosses the border between the hub and this page. One instant is an RFC 3339 text in UTC. */
export type FlightStatus =
  | 'scheduled'
  | 'check_in'
  | 'gate_open'
  | 'boarding'
  | 'final_call'
  | 'gate_closed'
  | 'delayed'
  | 'departed'
  | 'airborne'
  | 'landed'
  | 'arrived'
  | 'bags_on_belt'
  | 'cancelled'
  | 'diverted'
  | 'returned';

export type DepartureSide = {
  airport: string;
  terminal: string | null;
  gate: string | null;
  check_in: string | null;
  scheduled: string | null;
  estimated: string | null;
  actual: string | null;
};

export type ArrivalSide = {
  airport: string;
  terminal: string | null;
  gate: string | null;
  belt: string | null;
  scheduled: string | null;
  estimated: string | null;
  actual: string | null;
};

export type Aircraft = { type: string | null; registration: string | null };

export type Flight = {
  leg: string;
  rev: number;
  changed_at: string;
  carrier: string;
  number: string;
  suffix: string | null;
  codeshares: Array<string>;
  origin_date: string;
  status: FlightStatus;
  departure: DepartureSide;
  arrival: ArrivalSide;
  remark: string | null;
  delay_reason: string | null;
  aircraft: Aircraft;
  diverted_to: string | null;
};

/** A kind of change, in a word: gate, time, cancelled … */
export type ChangeKind = string;

export type ClockFrame = { now: string; speed: number };
export type HelloFrame = { epoch: string; clock: ClockFrame; ping_s: number };
export type SnapshotFrame = { topic: string; partial: boolean; flights: Array<Flight> };
export type ChangeFrame = {
  leg: string;
  rev: number;
  at: string;
  kinds: Array<ChangeKind>;
  set: { [path: string]: unknown };
};
export type StateFrame = { flight: Flight };
export type GoneFrame = { leg: string; topic: string };
export type ErrorFrame = { ref: number | null; code: string; message: string };

export type ServerFrame =
  | ({ type: 'hello' } & HelloFrame)
  | ({ type: 'snapshot' } & SnapshotFrame)
  | ({ type: 'change' } & ChangeFrame)
  | ({ type: 'state' } & StateFrame)
  | ({ type: 'gone' } & GoneFrame)
  | ({ type: 'error' } & ErrorFrame)
  | { type: 'ping' };

export type ClientFrame =
  | { op: 'follow'; topic: string; since?: string; ref?: number }
  | { op: 'unfollow'; topic: string; ref?: number }
  | { op: 'get'; leg: string; ref?: number }
  | { op: 'auth'; token: string; ref?: number }
  | { op: 'pong' };

export type AirportRow = {
  iata: string;
  name: string;
  city: string;
  country: string;
  zone: string;
  flights: number;
};
export type AirportsBody = { airports: Array<AirportRow> };
export type AirlineRow = { code: string; name: string };
export type AirlinesBody = { airlines: Array<AirlineRow> };

export type BoardAirport = { iata: string; name: string; city: string; country: string; zone: string };
export type BoardBody = {
  airport: BoardAirport;
  direction: 'departures' | 'arrivals';
  as_of: string;
  flights: Array<Flight>;
};

export type HistoryEntry = {
  rev: number;
  at: string;
  kinds: Array<ChangeKind>;
  set: { [path: string]: unknown };
  source: string | null;
};
export type HistoryBody = { leg: string; entries: Array<HistoryEntry> };

export type ProblemBody = {
  type: string;
  title: string;
  status: number;
  detail: string | null;
  errors: Array<{ field: string; reason: string }>;
};
