// What crosses the border between the hub and this page. Instants are RFC 3339 texts in UTC.
// Generated from the Rust types of `wire`; change them there, and then run
//   GATECALL_REWRITE=1 cargo test -p gatecall-wire

export type FlightStatus =
  | "scheduled"
  | "check_in"
  | "gate_open"
  | "boarding"
  | "final_call"
  | "gate_closed"
  | "delayed"
  | "departed"
  | "airborne"
  | "landed"
  | "arrived"
  | "bags_on_belt"
  | "cancelled"
  | "diverted"
  | "returned";

/** The departure side of a flight. Times are off-block times. */
export type DepartureSide = {
  /** Scheduled departure airport, IATA. */
  airport: string;
  /** Terminal as signposted. */
  terminal: string | null;
  /** Gate. */
  gate: string | null;
  /** Check-in desks, such as `A12-A15`. */
  check_in: string | null;
  /** Scheduled time. */
  scheduled: string | null;
  /** Estimated time. */
  estimated: string | null;
  /** Actual time. */
  actual: string | null;
};

/** The arrival side of a flight. Times are on-block times. */
export type ArrivalSide = {
  /** Scheduled arrival airport, IATA. A diversion does not change it. */
  airport: string;
  /** Terminal as signposted. */
  terminal: string | null;
  /** Gate. */
  gate: string | null;
  /** Baggage belt. */
  belt: string | null;
  /** Scheduled time. */
  scheduled: string | null;
  /** Estimated time. */
  estimated: string | null;
  /**
   * The expected arrival of a late flight: the departure time in force plus the planned duration. `null`
   * if a plausible estimate is known or the flight is not late.
   */
  forecast: string | null;
  /** Actual time. */
  actual: string | null;
};

/** The aircraft of a flight. */
export type Aircraft = {
  /** Type, IATA or ICAO. */
  type: string | null;
  /** Registration. */
  registration: string | null;
};

/** A flight. Every key is present; unknown values are `null`. */
export type Flight = {
  /** Opaque identifier of the leg. Never reused. */
  leg: string;
  /** Revision. Rises by one with every shown change. */
  rev: number;
  /** When the last change was made, by the hub's operational clock. */
  changed_at: string;
  /** The operating airline, two or three characters. */
  carrier: string;
  /** Flight number without padding. */
  number: string;
  /** Operational suffix, one letter. */
  suffix: string | null;
  /** Marketing flights that share the seats, such as `EI5105`. May be empty. */
  codeshares: Array<string>;
  /** Scheduled date in local time at the flight's origin. A delay past midnight does not change it. */
  origin_date: string;
  /** The step that the flight has reached. `delayed` if it is late and has reached none. */
  status: FlightStatus;
  /** Whether the flight is late or reported late, at any step. */
  delayed: boolean;
  /** Paths of implausible times, such as `departure.estimated`. Do not show them as facts. Mostly empty. */
  doubtful: Array<string>;
  /** Departure side. */
  departure: DepartureSide;
  /** Arrival side. */
  arrival: ArrivalSide;
  /** The airport's remark for passengers, unchanged. */
  remark: string | null;
  /** The reason of a delay in plain words. */
  delay_reason: string | null;
  /** The aircraft. */
  aircraft: Aircraft;
  /** IATA code of the airport that the flight is diverted to. */
  diverted_to: string | null;
};

export type ChangeKind =
  | "created"
  | "time"
  | "delay"
  | "gate"
  | "terminal"
  | "belt"
  | "check_in"
  | "cancelled"
  | "reinstated"
  | "diverted"
  | "returned"
  | "boarding"
  | "departed"
  | "airborne"
  | "landed"
  | "arrived"
  | "bags"
  | "equipment"
  | "codeshare"
  | "remark"
  | "corrected";

/** Why a client's frame was refused. */
export type ErrorCode =
  | "bad_frame"
  | "unknown_op"
  | "unknown_topic"
  | "unknown_leg"
  | "bad_since"
  | "too_many_topics"
  | "unauthorized"
  | "rate_limited"
  | "snapshot_too_large";

/** The operational clock: current time and speed. */
export type ClockFrame = {
  /** The operational time when this was sent. */
  now: string;
  /** Operational seconds per real second: 1 unless a day is replayed. */
  speed: number;
};

/** The first frame of a connection. */
export type HelloFrame = {
  /** The epoch of the hub's data. `since` is valid only within the same epoch. */
  epoch: string;
  /** The operational clock. */
  clock: ClockFrame;
  /** The hub pings this often, in real seconds. */
  ping_s: number;
};

/** The flights of a topic. */
export type SnapshotFrame = {
  /** The topic as the hub writes it. */
  topic: string;
  /**
   * `false`: these are all flights of the topic, and the client drops others. `true`: these changed
   * since the client's `since`, and the others stay.
   */
  partial: boolean;
  /** The flights, on a board by scheduled time. */
  flights: Array<Flight>;
};

/** One flight changed by one revision. */
export type ChangeFrame = {
  /** The leg. */
  leg: string;
  /** The revision after this change. */
  rev: number;
  /** When. Becomes the flight's `changed_at`. */
  at: string;
  /** The kinds of the change, one or several. */
  kinds: Array<ChangeKind>;
  /** Dotted paths into the flight's object with their new values, `null` for a removed one. */
  set: { [path: string]: unknown };
};

/** One whole flight: the answer to `get`, a new flight, or what a slow client gets instead of changes. */
export type StateFrame = {
  /** The flight. */
  flight: Flight;
};

/** A flight has left a topic. */
export type GoneFrame = {
  /** The leg. */
  leg: string;
  /** The topic. */
  topic: string;
};

/**
 * Whether the hub receives changes. Sent when that changes, and after `hello` if it receives none. Without
 * this frame it does.
 */
export type UpstreamFrame = {
  /** `false`: the shown data was true at `since` and may have changed. */
  current: boolean;
  /** The operational time at which the hub last received changes; `null` if it is current. */
  since: string | null;
};

/**
 * Whether a source, such as an airport's feed, is silent. Sent when a source becomes silent, after `hello`
 * while it is, and when it is received again. Without this frame it is not silent.
 */
export type SourceFrame = {
  /** The feed's name in the hub's configuration. */
  feed: string;
  /** The airport that it speaks for, IATA; `null` for no particular airport. */
  airport: string | null;
  /**
   * The operational time at which it was last received: its facts may have changed since. `null`: it is
   * not silent.
   */
  since: string | null;
};

/** A heartbeat. */
export type PingFrame = {
  /** The operational clock. Absent in pings of older hubs. */
  clock?: ClockFrame;
};

/** A client's frame was refused. */
export type ErrorFrame = {
  /** The `ref` of the refused frame, if it had one. */
  ref: number | null;
  /** For programs. */
  code: ErrorCode;
  /** For people: names the key and what is wrong with it. */
  message: string;
};

/** A frame from the hub. Clients ignore types and keys that they do not know. */
export type ServerFrame =
  | { "type": "hello" } & HelloFrame
  | { "type": "snapshot" } & SnapshotFrame
  | { "type": "change" } & ChangeFrame
  | { "type": "state" } & StateFrame
  | { "type": "gone" } & GoneFrame
  | { "type": "upstream" } & UpstreamFrame
  | { "type": "source" } & SourceFrame
  | { "type": "error" } & ErrorFrame
  | { "type": "ping" } & PingFrame;

/** A frame from a client. */
export type ClientFrame =
  | {
    "op": "follow";
    /** The topic. */
    topic: string;
    /** The newest `changed_at` that the client has of the topic, to get only later changes. */
    since?: string;
    /** Returned in an error about this frame. */
    ref?: number;
  }
  | {
    "op": "unfollow";
    /** The topic. */
    topic: string;
    /** Returned in an error about this frame. */
    ref?: number;
  }
  | {
    "op": "get";
    /** The leg. */
    leg: string;
    /** Returned in an error about this frame. */
    ref?: number;
  }
  | {
    "op": "auth";
    /** A token issued by the hub. */
    token: string;
    /** Returned in an error about this frame. */
    ref?: number;
  }
  | { "op": "pong" };

/** The side of a board. */
export type Direction = "departures" | "arrivals";

/** An airport's names and time zone. */
export type BoardAirport = {
  /** IATA code. */
  iata: string;
  /** Name. */
  name: string;
  /** The city. */
  city: string;
  /** ISO 3166 country code, two letters. */
  country: string;
  /** IANA time zone. */
  zone: string;
};

/** A source whose facts have not been confirmed since an instant. */
export type SilentSource = {
  /** The feed's name in the hub's configuration. */
  feed: string;
  /** The airport that it speaks for, IATA; `null` for no particular airport. */
  airport: string | null;
  /** When it was last received, by the operational clock. */
  since: string;
};

/** `GET boards/{IATA}/{departures|arrivals}`. */
export type BoardBody = {
  /** The airport. */
  airport: BoardAirport;
  /** The side. */
  direction: Direction;
  /**
   * The operational time at which this was true: now, or the last time at which the hub received changes
   * if it receives none at present.
   */
  as_of: string;
  /**
   * Silent sources that speak for this airport or for no particular one. Their facts may have changed
   * since.
   */
  silent_sources: Array<SilentSource>;
  /** By scheduled time. */
  flights: Array<Flight>;
};

/** `GET flights`. */
export type FlightsBody = {
  /** As in a board. */
  as_of: string;
  /** All silent sources. */
  silent_sources: Array<SilentSource>;
  /** One page of flights. */
  flights: Array<Flight>;
  /** The `cursor` of the next page; `null` on the last. */
  next: string | null;
};

/** One change in a flight's history. */
export type HistoryEntry = {
  /** The revision after it. */
  rev: number;
  /** When. */
  at: string;
  /** The kinds of the change. */
  kinds: Array<ChangeKind>;
  /** What changed, as in a `change` frame. */
  set: { [path: string]: unknown };
  /** The source whose report caused it. */
  source: string | null;
};

/** `GET flights/{leg}/history`. */
export type HistoryBody = {
  /** The leg. */
  leg: string;
  /** One page of its changes, oldest first. */
  entries: Array<HistoryEntry>;
  /** The `after` of the next page; `null` if these are the newest. */
  next: number | null;
};

/** One airport. */
export type AirportRow = {
  /** IATA code. */
  iata: string;
  /** Name. */
  name: string;
  /** The city. */
  city: string;
  /** ISO 3166 country code, two letters. */
  country: string;
  /** IANA time zone. */
  zone: string;
  /** Flights on both of its boards now. */
  flights: number;
};

/** `GET airports`. */
export type AirportsBody = {
  /** One page of airports. */
  airports: Array<AirportRow>;
  /** The `cursor` of the next page; absent on the last. */
  next?: string;
};

/** One airline. */
export type AirlineRow = {
  /** IATA designator, or ICAO if there is none. */
  code: string;
  /** ICAO designator. Searches accept it as well. */
  icao: string | null;
  /** Name. */
  name: string;
};

/** `GET airlines`. */
export type AirlinesBody = {
  /** By code. */
  airlines: Array<AirlineRow>;
};

/** How a feed's messages reach the hub. */
export type FeedKind = "push" | "pull";

/** The health of a feed. */
export type FeedState = "waiting" | "good" | "late" | "failing" | "refused";

/** Reports of a feed since the hub started, by outcome. */
export type FeedReports = {
  /** They changed the shown state. */
  changed: number;
  /** They contained nothing new. */
  unchanged: number;
  /** They went to the node that owns their flight, which merges them; 0 with a single node. */
  queued: number;
  /** They could not be used. */
  rejected: number;
};

/** One feed's health. */
export type FeedRow = {
  /** Name from the configuration. */
  feed: string;
  /** The airport that it speaks for, IATA. */
  airport: string | null;
  /** Whether the source pushes or is polled. */
  kind: FeedKind;
  /** The health. */
  state: FeedState;
  /** When it was last received successfully, by the operational clock. */
  last_good_at: string | null;
  /** The last error; `null` if there is none at present. */
  last_error: string | null;
  /** Operational seconds since it was last received successfully. */
  age_seconds: number | null;
  /** Reports since the hub started, by outcome. */
  reports: FeedReports;
  /**
   * The flights it speaks for: `airport` (its airport's side of flights from and to it), the airlines
   * `airline:XX`, or `all`.
   */
  speaks_for: string;
  /** Live flights that it created. */
  flights: number;
  /** The limit of these; `null` if the feed cannot create flights. */
  flights_max: number | null;
  /** Reports and values outside its scope since the hub started. They were archived and changed nothing. */
  out_of_scope: Array<OutOfScopeRow>;
};

/** Reports or values of a feed outside its scope. */
export type OutOfScopeRow = {
  /**
   * `other_airport`, `other_airline`, `too_long_ago` or `too_far_ahead` for whole reports,
   * `other_side` for values of the other airport's side.
   */
  reason: string;
  /** The number. */
  count: number;
};

/** `GET feeds`: the health of every feed. */
export type FeedsBody = {
  /** By name. */
  feeds: Array<FeedRow>;
};

/** A refused report. */
export type RejectedReport = {
  /** The report in the message, counted from 0; `null` for the whole message. */
  index: number | null;
  /** The invalid field, if it is one. */
  field: string | null;
  /** What is wrong. */
  reason: string;
};

/** `POST feeds/{feed}/reports`, answered 202 once every accepted report is durable. */
export type IngestBody = {
  /** Accepted, durable reports: the sum of the next three. */
  accepted: number;
  /** Reports that changed the shown state. */
  changed: number;
  /** Reports that contained nothing new. */
  unchanged: number;
  /** Reports that the node that owns their flight will merge; 0 with a single node. */
  queued: number;
  /**
   * Values of accepted reports outside the feed's scope, such as the other airport's gate. They are
   * archived with the message and change nothing. Absent if there are none.
   */
  left_out?: number;
  /** Refused reports with their reasons. */
  rejected: Array<RejectedReport>;
};

/** An override in effect. */
export type OverrideRow = {
  /** The field, named as in reports. */
  field: string;
  /** The shown value, as in reports; `null` for none. */
  value: unknown;
  /** Its beginning, operational clock. */
  since: string;
  /** Its expiry, unless an operator ends it earlier. */
  until: string;
  /** The operator; `null` if the audit entry failed. */
  by: string | null;
  /** The reason. */
  reason: string | null;
};

/** An audit entry. */
export type AuditRow = {
  /** Its time, operational clock. */
  at: string;
  /** The operator. */
  by: string;
  /** The field; `flight` for the whole flight. */
  field: string;
  /** `set`, `ended` before its expiry, or `removed` for a flight. */
  deed: string;
  /** The value that was set; `null` for none, and for `ended`. */
  value: unknown;
  /** The expiry. */
  until: string | null;
  /** The reason. */
  reason: string | null;
};

/** The body of `PUT flights/{leg}/overrides/{field}`. */
export type OverrideRequest = {
  /** The value to show, as in a report's `set`; `null` for none. */
  value: unknown;
  /** The expiry: later than now by the operational clock, by at most 7 days. */
  until: string;
  /** The reason, for the audit. */
  reason?: string;
};

/** The body of `POST removals`. */
export type RemovalRequest = {
  /** A pattern of `leg`: `*` matches any text, `?` one character. */
  leg: string;
  /** Only flights that this feed created. */
  feed?: string;
  /** Only list the flights. The default is `false`. */
  dry_run?: boolean;
  /** The reason, for the audit. */
  reason?: string;
};

/** A doubtful time. */
export type DoubtfulRow = {
  /** The flight. */
  leg: string;
  /** The field, named as in reports. */
  field: string;
  /** The time. */
  value: string | null;
  /** The source. */
  source: string | null;
  /** When the source observed it. */
  observed_at: string | null;
  /** The reason; completes a sentence that begins with the field's name. */
  reason: string;
};

/** A valid key. The hub does not store the key itself. */
export type FeedKeyRow = {
  /** The beginning of its SHA-256 digest, which identifies it for revocation. */
  prefix: string;
  /** Its purpose. */
  note: string;
  /** Creation time, real time. */
  added_at: string;
};

/** The body of `POST feeds/{feed}/keys`. */
export type NewFeedKeyRequest = {
  /** The purpose of the key; at most 200 characters. */
  note: string;
};

/** An unusable message or report. */
export type QuarantineRow = {
  /** The feed that sent it. */
  feed: string;
  /** When it arrived, operational clock. */
  received_at: string;
  /** Index of the report in the message, from 0; `null` for the whole message. */
  index: number | null;
  /** The field, if one is at fault. */
  field: string | null;
  /** The reason. */
  reason: string;
  /** The beginning of the content. */
  excerpt: string;
};

/** The body of `PUT airports/{iata}`, with at least one key. */
export type AirportNameRequest = {
  /** Full name; absent or `null` for the built-in one. */
  name?: string;
  /** Name on boards; absent or `null` for the built-in one. */
  city?: string;
  /** IANA time zone; absent or `null` for the built-in one. */
  zone?: string;
};

/** The body of `PUT airlines/{code}`. */
export type AirlineNameRequest = {
  /** The name. */
  name: string;
};

/** `GET flights/{leg}/overrides`. */
export type OverridesBody = {
  /** The flight. */
  leg: string;
  /** The current overrides by field. */
  in_force: Array<OverrideRow>;
  /** Audit entries, oldest first; only the newest if there are many. */
  done: Array<AuditRow>;
  /** Whether older audit entries are left out. */
  more: boolean;
};

/** The result of `POST removals`. */
export type RemovalBody = {
  /** The removed flights, or with `dry_run` those that match; at most 1000, by `leg`. */
  legs: Array<string>;
  /** The number of matching flights that remain for the next request. */
  left: number;
};

/** `GET doubtful`. */
export type DoubtfulBody = {
  /** In order of departure. */
  times: Array<DoubtfulRow>;
  /** Whether there are more. */
  more: boolean;
};

/** `GET feeds/{feed}/keys`. */
export type FeedKeysBody = {
  /** The feed. */
  feed: string;
  /** The keys in the directory, oldest first. */
  keys: Array<FeedKeyRow>;
  /** The number of further keys in this node's configuration (`key_file`, `key_env`). */
  configured: number;
};

/** `POST feeds/{feed}/keys`. The key is shown only here. */
export type NewFeedKeyBody = {
  /** The key, for every message: `Authorization: Bearer KEY`. */
  key: string;
  /** The beginning of its digest. */
  prefix: string;
  /** Its purpose. */
  note: string;
  /** Creation time, real time. */
  added_at: string;
};

/** `GET quarantine`. */
export type QuarantineBody = {
  /** Newest first. */
  faults: Array<QuarantineRow>;
  /** Whether there are older ones; a larger `limit` shows them. */
  more: boolean;
};

/** An invalid field. */
export type FieldError = {
  /** The field, parameter or header. */
  field: string;
  /** What is wrong. Follows the field's name in a sentence. */
  reason: string;
};

/** A problem. */
export type ProblemBody = {
  /** The problem type; `about:blank` if the status says enough. */
  type: string;
  /** A short summary, the same for every problem of this type. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** The details of this occurrence. */
  detail: string | null;
  /** Invalid fields. Empty if no field is at fault. */
  errors: Array<FieldError>;
};
