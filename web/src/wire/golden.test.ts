import { aClient } from '@/testing/a-client';
import { goldenBody, goldenFrame, goldenNames } from '@/testing/golden';
import type {
  Aircraft,
  AirlineRow,
  AirportRow,
  ArrivalSide,
  BoardAirport,
  BoardBody,
  ChangeFrame,
  ClientFrame,
  DepartureSide,
  FeedRow,
  FieldError,
  Flight,
  FlightsBody,
  HistoryBody,
  HistoryEntry,
  IngestBody,
  OutOfScopeRow,
  ProblemBody,
  RejectedReport,
  ServerFrame,
  SilentSource,
} from '@/wire/types';
import { expect, test } from 'vitest';

// A shape names every key of a type, which the compiler checks, and what is found there, which the test checks.
type Sort = (value: unknown) => boolean;
type Shape<T> = { [Key in keyof Required<T>]: Sort };

const text: Sort = (value) => typeof value === 'string';
const whole: Sort = (value) => Number.isSafeInteger(value);
const flag: Sort = (value) => typeof value === 'boolean';
const instant: Sort = (value) =>
  typeof value === 'string' && /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?Z$/.test(value);
const object: Sort = (value) => typeof value === 'object' && value !== null && !Array.isArray(value);
const orNull =
  (sort: Sort): Sort =>
  (value) =>
    value === null || sort(value);
const listOf =
  (sort: Sort): Sort =>
  (value) =>
    Array.isArray(value) && value.every(sort);
const oneOf =
  (...words: string[]): Sort =>
  (value) =>
    words.includes(value as string);

/** Exactly these keys, each of its sort; says which is not. */
function shape<T>(keys: Shape<T>, ...optional: (keyof T)[]): Sort {
  return (value) => {
    const found = value as Record<string, unknown>;
    const wanted = (Object.keys(keys) as (keyof T & string)[]).filter(
      (key) => key in found || !optional.includes(key),
    );
    expect(Object.keys(found).sort()).toEqual([...wanted].sort());
    for (const key of wanted)
      expect(keys[key](found[key]), `${key}: ${JSON.stringify(found[key])}`).toBe(true);
    return true;
  };
}

const side = { airport: text, terminal: orNull(text), gate: orNull(text) };
const times = { scheduled: orNull(instant), estimated: orNull(instant), actual: orNull(instant) };
const flightKeys: Shape<Flight> = {
  leg: text,
  rev: whole,
  changed_at: instant,
  carrier: text,
  number: text,
  suffix: orNull(text),
  codeshares: listOf(text),
  origin_date: (value) => typeof value === 'string' && /^\d{4}-\d\d-\d\d$/.test(value),
  status: text,
  delayed: flag,
  doubtful: listOf(text),
  departure: shape<DepartureSide>({ ...side, check_in: orNull(text), ...times }),
  arrival: shape<ArrivalSide>({ ...side, belt: orNull(text), forecast: orNull(instant), ...times }),
  remark: orNull(text),
  delay_reason: orNull(text),
  aircraft: shape<Aircraft>({ type: orNull(text), registration: orNull(text) }),
  diverted_to: orNull(text),
};
const flight = shape<Flight>(flightKeys);
const age = {
  as_of: instant,
  silent_sources: listOf(shape<SilentSource>({ feed: text, airport: orNull(text), since: instant })),
};
const clock = shape({ now: instant, speed: (value) => typeof value === 'number' });
const airport = { iata: text, name: text, city: text, country: text, zone: text };
const changed = { rev: whole, at: instant, kinds: listOf(text), set: object };

const frames: { [Type in ServerFrame['type']]: Shape<Omit<Extract<ServerFrame, { type: Type }>, 'type'>> } = {
  hello: { epoch: text, clock, ping_s: whole },
  snapshot: { topic: text, partial: flag, flights: listOf(flight) },
  change: { leg: text, ...changed } satisfies Shape<ChangeFrame>,
  state: { flight },
  gone: { leg: text, topic: text },
  upstream: { current: flag, since: orNull(instant) },
  error: { ref: orNull(whole), code: text, message: text },
  source: { feed: text, airport: orNull(text), since: orNull(instant) },
  ping: { clock },
};

const bodies: Record<string, Sort> = {
  'rest-flight': flight,
  'rest-board': shape<BoardBody>({
    airport: shape<BoardAirport>(airport),
    direction: oneOf('departures', 'arrivals'),
    ...age,
    flights: listOf(flight),
  }),
  'rest-flights': shape<FlightsBody>({ ...age, flights: listOf(flight), next: orNull(text) }),
  'rest-flight-answer': shape({ ...flightKeys, silent_sources: age.silent_sources }),
  'rest-history': shape<HistoryBody>({
    leg: text,
    entries: listOf(shape<HistoryEntry>({ ...changed, source: orNull(text) })),
    next: orNull(whole),
  }),
  'rest-airports': shape({ airports: listOf(shape<AirportRow>({ ...airport, flights: whole })) }),
  'rest-airports-page': shape({
    airports: listOf(shape<AirportRow>({ ...airport, flights: whole })),
    next: text,
  }),
  'rest-airlines': shape({
    airlines: listOf(shape<AirlineRow>({ code: text, icao: orNull(text), name: text })),
  }),
  'rest-feeds': shape({
    feeds: listOf(
      shape<FeedRow>({
        feed: text,
        airport: orNull(text),
        kind: oneOf('push', 'pull'),
        state: oneOf('waiting', 'good', 'late', 'failing', 'refused'),
        last_good_at: orNull(instant),
        last_error: orNull(text),
        age_seconds: orNull(whole),
        reports: shape({ changed: whole, unchanged: whole, queued: whole, rejected: whole }),
        speaks_for: text,
        flights: whole,
        flights_max: orNull(whole),
        out_of_scope: listOf(shape<OutOfScopeRow>({ reason: text, count: whole })),
      }),
    ),
  }),
  'rest-ingest': shape<IngestBody>(
    {
      accepted: whole,
      changed: whole,
      unchanged: whole,
      queued: whole,
      left_out: whole,
      rejected: listOf(shape<RejectedReport>({ index: orNull(whole), field: orNull(text), reason: text })),
    },
    'left_out',
  ),
  'rest-clock': clock,
  'rest-problem': shape<ProblemBody>({
    type: text,
    title: text,
    status: whole,
    detail: orNull(text),
    errors: listOf(shape<FieldError>({ field: text, reason: text })),
  }),
};

const types = Object.keys(frames) as ServerFrame['type'][];

test.each(types)(
  'a %s frame of the hub is read by the socket client and has the shape of its type',
  (type) => {
    const names = goldenNames('frame').filter((name) => name.split('-')[1] === type);
    expect(names).not.toEqual([]);
    for (const name of names) {
      expect(
        shape<Record<string, unknown>>({ type: oneOf(type), ...frames[type] })(goldenFrame(name, type)),
      ).toBe(true);
    }
  },
);

test('there is no example of a frame that this page does not know', () => {
  const known = goldenNames('frame').map((name) => name.split('-')[1]);
  expect([...new Set(known)].sort()).toEqual([...types].sort());
});

test.each(goldenNames('rest'))('the body %s has the shape of its type', (name) => {
  expect(bodies[name]?.(goldenBody(name))).toBe(true);
});

test('what this page sends is what the hub has as examples', () => {
  const topic = 'board/JFK/departures';
  const sent: Record<string, ClientFrame> = {
    'client-follow': { op: 'follow', topic, ref: 1 },
    'client-follow-since': { op: 'follow', topic, since: '2013-02-08T21:04:11.250Z', ref: 2 },
    'client-unfollow': { op: 'unfollow', topic },
    'client-get': { op: 'get', leg: 'B6-615-20130208-JFK-FLL', ref: 3 },
    'client-auth': { op: 'auth', token: 'gct_example', ref: 4 },
    'client-pong': { op: 'pong' },
  };
  expect(Object.keys(sent).sort()).toEqual(goldenNames('client').sort());
  for (const [name, frame] of Object.entries(sent)) expect(goldenBody(name)).toEqual(frame);
});

test('a change of the hub, applied to the revision before it, gives the state that the hub has', () => {
  const { flight: after } = goldenFrame('frame-state', 'state');
  const change = goldenFrame('frame-change', 'change');
  const { client, hub, store } = aClient();
  client.start();
  client.follow('board/JFK/departures');
  hub.last.says(goldenFrame('frame-hello', 'hello'));
  const before: Flight = {
    ...after,
    rev: change.rev - 1,
    status: 'scheduled',
    delay_reason: null,
    departure: { ...after.departure, gate: '12', estimated: null },
  };
  hub.last.says({ ...goldenFrame('frame-snapshot', 'snapshot'), flights: [before] });
  hub.last.says(change);
  expect(store.flight(after.leg)?.flight).toEqual(after);
});
