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
   * What a late departure makes of the arrival: the departure in force and the planned time between
   * both. `null` where an estimate is known that can be true, and where the flight is not late.
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

/** A flight. Every key is always there; what is not known is `null`. */
export type Flight = {
  /** Opaque identifier of the leg. Never reused. */
  leg: string;
  /** Revision: one more with every change that is shown. */
  rev: number;
  /** When the last change was made, by the hub's operational clock. */
  changed_at: string;
  /** The airline that flies it, two or three characters. */
  carrier: string;
  /** Flight number without padding. */
  number: string;
  /** Operational suffix, one letter. */
  suffix: string | null;
  /** Marketing flights that share the seats, such as `EI5105`. May be empty. */
  codeshares: Array<string>;
  /** Scheduled date, local at the flight's origin. It stays when the flight slips past midnight. */
  origin_date: string;
  /** The step that it has reached. `delayed` is the status of a flight that is late and has reached none. */
  status: FlightStatus;
  /** Whether it is late, or said to be, whatever step it has reached. */
  delayed: boolean;
  /**
   * Paths of times that cannot be meant, or cannot be true, such as `departure.estimated`. Do not show them
   * as facts. Mostly empty.
   */
  doubtful: Array<string>;
  /** Departure side. */
  departure: DepartureSide;
  /** Arrival side. */
  arrival: ArrivalSide;
  /** Remark for passengers in the airport's own words. */
  remark: string | null;
  /** Why it is late, in plain words. */
  delay_reason: string | null;
  /** The aircraft that flies it. */
  aircraft: Aircraft;
  /** IATA code of the airport it goes to instead. */
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

/** The operational clock: what time it is for flights, and how fast it runs. */
export type ClockFrame = {
  /** The operational clock's instant as this was sent. */
  now: string;
  /** Operational seconds in one real second: 1 unless a day is replayed. */
  speed: number;
};

/** The hub introduces itself. */
export type HelloFrame = {
  /** Names this life of the hub's data. `since` is only good within the same epoch. */
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
   * `false`: these are all, and whatever else the client holds of the topic has left it.
   * `true`: these changed since the client's `since`; the rest stays.
   */
  partial: boolean;
  /** The flights, on a board by scheduled time. */
  flights: Array<Flight>;
};

/** From one revision of a flight to the next. */
export type ChangeFrame = {
  /** Which flight. */
  leg: string;
  /** The revision after this change. */
  rev: number;
  /** When; becomes the flight's `changed_at`. */
  at: string;
  /** What sort of change. May be of several kinds. */
  kinds: Array<ChangeKind>;
  /** Dotted paths into the flight's object with their new values, `null` where one was taken away. */
  set: { [path: string]: unknown };
};

/**
 * One flight as a whole: the answer to `get`, a flight that is new, and what a slow reader gets
 * instead of changes.
 */
export type StateFrame = {
  /** The flight. */
  flight: Flight;
};

/** A flight has left a topic. */
export type GoneFrame = {
  /** Which flight. */
  leg: string;
  /** Which topic. */
  topic: string;
};

/**
 * Whether the hub hears of changes at present. Told when that changes, and after `hello` where it
 * does not. Without one it does.
 */
export type UpstreamFrame = {
  /** `false`: what is shown was true at `since`, and may have changed. */
  current: boolean;
  /** The operational clock's instant at which the hub last heard; `null` where it is current. */
  since: string | null;
};

/**
 * Whether one source of facts, the feed of an airport for one, is heard at present. Sent when a source
 * falls silent, after `hello` while it is, and when it is heard again. Without one it is heard.
 */
export type SourceFrame = {
  /** The feed's name in the hub's configuration. */
  feed: string;
  /** The airport it speaks for, IATA; `null` where it speaks for no airport in particular. */
  airport: string | null;
  /**
   * The operational clock's instant at which it was last heard: what it said may have changed since.
   * `null`: it is heard.
   */
  since: string | null;
};

/** Still there? */
export type PingFrame = {
  /** The operational clock. Absent in pings of older hubs. */
  clock?: ClockFrame;
};

/** Something the client sent was refused. */
export type ErrorFrame = {
  /** The `ref` of the frame that was refused, if it had one. */
  ref: number | null;
  /** For programs. */
  code: ErrorCode;
  /** For people: names the key and what is wrong with it. */
  message: string;
};

/** A frame from the hub. A client ignores types and keys it does not know. */
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
    /** What to follow. */
    topic: string;
    /** The newest `changed_at` held of the topic, to be sent only what changed since. */
    since?: string;
    /** Comes back in an error about this frame. */
    ref?: number;
  }
  | {
    "op": "unfollow";
    /** What was followed. */
    topic: string;
    /** Comes back in an error about this frame. */
    ref?: number;
  }
  | {
    "op": "get";
    /** Which flight. */
    leg: string;
    /** Comes back in an error about this frame. */
    ref?: number;
  }
  | {
    "op": "auth";
    /** A token given out by the hub. */
    token: string;
    /** Comes back in an error about this frame. */
    ref?: number;
  }
  | { "op": "pong" };

/** A side of a board. */
export type Direction = "departures" | "arrivals";

/** An airport's names and zone. */
export type BoardAirport = {
  /** IATA code. */
  iata: string;
  /** Name. */
  name: string;
  /** City it serves. */
  city: string;
  /** ISO 3166 country code, two letters. */
  country: string;
  /** IANA time zone. */
  zone: string;
};

/** A source whose facts nobody has confirmed since an instant. */
export type SilentSource = {
  /** The feed's name in the hub's configuration. */
  feed: string;
  /** The airport it speaks for, IATA; `null` where it speaks for no airport in particular. */
  airport: string | null;
  /** The operational clock's instant at which it was last heard. */
  since: string;
};

/** `GET boards/{IATA}/{departures|arrivals}`. */
export type BoardBody = {
  /** Whose board. */
  airport: BoardAirport;
  /** Which side. */
  direction: Direction;
  /**
   * The operational clock's instant at which this was true: that of this answer or, while the hub hears
   * of no changes, the one at which it last did.
   */
  as_of: string;
  /**
   * Sources that are silent at present: those that speak for this airport, and those that speak for none
   * in particular. What they said may have changed since.
   */
  silent_sources: Array<SilentSource>;
  /** By scheduled time. */
  flights: Array<Flight>;
};

/** `GET flights`. */
export type FlightsBody = {
  /** As in a board. */
  as_of: string;
  /** All sources that are silent at present. */
  silent_sources: Array<SilentSource>;
  /** One page of flights. */
  flights: Array<Flight>;
  /** To be sent as `cursor` for the next page; `null` on the last. */
  next: string | null;
};

/** One change in a flight's history. */
export type HistoryEntry = {
  /** The revision after it. */
  rev: number;
  /** When. */
  at: string;
  /** What sort of change. */
  kinds: Array<ChangeKind>;
  /** What changed, as in a `change` frame. */
  set: { [path: string]: unknown };
  /** Whose report brought it. */
  source: string | null;
};

/** `GET flights/{leg}/history`. */
export type HistoryBody = {
  /** Which flight. */
  leg: string;
  /** One page of its changes, oldest first. */
  entries: Array<HistoryEntry>;
  /** To be sent as `after` for the next page; `null` where these are the newest. */
  next: number | null;
};

/** One airport. */
export type AirportRow = {
  /** IATA code. */
  iata: string;
  /** Name. */
  name: string;
  /** City it serves. */
  city: string;
  /** ISO 3166 country code, two letters. */
  country: string;
  /** IANA time zone. */
  zone: string;
  /** Flights on both its boards now. */
  flights: number;
};

/** `GET airports`. */
export type AirportsBody = {
  /** One page of airports. */
  airports: Array<AirportRow>;
  /** To be sent as `cursor` for the next page; absent on the last. */
  next?: string;
};

/** One airline. */
export type AirlineRow = {
  /** IATA designator, or ICAO where there is none. */
  code: string;
  /** ICAO designator: flights are looked for and printed by it as well. */
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

/** How well a feed is heard. */
export type FeedState = "waiting" | "good" | "late" | "failing" | "refused";

/** Reports of one feed since the hub started, by what became of them. */
export type FeedReports = {
  /** They changed what is shown. */
  changed: number;
  /** They told nothing new. */
  unchanged: number;
  /**
   * They went to the node that owns their flight, which merges them; 0 where one hub does
   * everything.
   */
  queued: number;
  /** They could not be used. */
  rejected: number;
};

/** One feed's health. */
export type FeedRow = {
  /** Name from the configuration. */
  feed: string;
  /** The airport it speaks for, IATA. */
  airport: string | null;
  /** Whether the airport pushes or is polled. */
  kind: FeedKind;
  /** How well it is heard. */
  state: FeedState;
  /** When it was last heard well, by the operational clock. */
  last_good_at: string | null;
  /** What went wrong last, `null` while all is well. */
  last_error: string | null;
  /** Operational seconds since it was last heard well. */
  age_seconds: number | null;
  /** Reports since the hub started, by what became of them. */
  reports: FeedReports;
  /**
   * For which flights it speaks: `airport` (its airport's side of the flights from and to it), the
   * airlines `airline:XX`, or `all`.
   */
  speaks_for: string;
  /** Flights in memory that it has made known. */
  flights: number;
  /** How many these may be at most; `null` where it only adds to flights that are known. */
  flights_max: number | null;
  /** What it has said of what it does not speak for since the hub started. It was kept and changed nothing. */
  out_of_scope: Array<OutOfScopeRow>;
};

/** What a feed has said of what it does not speak for. */
export type OutOfScopeRow = {
  /**
   * `other_airport`, `other_airline`, `too_long_ago` or `too_far_ahead` for whole reports,
   * `other_side` for values of the other airport's side.
   */
  reason: string;
  /** How many. */
  count: number;
};

/** `GET feeds`: how well each airport is heard. */
export type FeedsBody = {
  /** By name. */
  feeds: Array<FeedRow>;
};

/** A report that was not taken. */
export type RejectedReport = {
  /** Which one of the message, counted from 0; `null` where the whole message is meant. */
  index: number | null;
  /** The field at fault, if it is one. */
  field: string | null;
  /** What is wrong. */
  reason: string;
};

/** `POST feeds/{feed}/reports`, answered 202 once every accepted report is durable. */
export type IngestBody = {
  /** Reports that were taken and are durable: the sum of the next three. */
  accepted: number;
  /** Reports that changed what is shown. */
  changed: number;
  /** Reports that told nothing new. */
  unchanged: number;
  /** Reports that the node that owns their flight will merge; 0 where one hub does everything. */
  queued: number;
  /**
   * Values of accepted reports that the feed does not speak for, such as the other airport's gate. They
   * are kept with the message and change nothing. Absent where there are none.
   */
  left_out?: number;
  /** Reports that were not taken, each with its reason. */
  rejected: Array<RejectedReport>;
};

/** What is wrong with one field. */
export type FieldError = {
  /** The field, parameter or header. */
  field: string;
  /** What is wrong with it, to be read after its name. */
  reason: string;
};

/** A problem. */
export type ProblemBody = {
  /** Names the sort of problem; `about:blank` where the status says it all. */
  type: string;
  /** The sort of problem in a few words; the same for every problem of its type. */
  title: string;
  /** The HTTP status. */
  status: number;
  /** What went wrong this time. */
  detail: string | null;
  /** What is wrong with which field. Empty where no field is at fault. */
  errors: Array<FieldError>;
};
