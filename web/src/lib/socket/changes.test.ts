import { BOARD, aLiveBoard } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import type { ServerFrame } from '@/wire/types';
import { expect, test } from 'vitest';

const leg = aFlight().leg;
const gateChange = (rev: number, gate: string): ServerFrame => ({
  type: 'change',
  leg,
  rev,
  at: '2013-02-08T19:10:00Z',
  kinds: ['gate'],
  set: { 'departure.gate': gate },
});
const gets = (asked: { op: string }[]) => asked.filter((frame) => frame.op === 'get').length;

test('a change one revision after the last is applied, with its instant', () => {
  const { hub, store } = aLiveBoard([aFlight({ rev: 18 })]);
  hub.last.says(gateChange(19, '14'));
  const held = store.flight(leg);
  expect(held?.flight).toMatchObject({ rev: 19, changed_at: '2013-02-08T19:10:00Z' });
  expect(held?.flight.departure).toMatchObject({ gate: '14', terminal: '5' });
  expect([...(held?.marks.keys() ?? [])]).toEqual(['departure.gate']);
});

test('null in a change clears the field', () => {
  const { hub, store } = aLiveBoard([aFlight({ rev: 1 })]);
  hub.last.says({
    type: 'change',
    leg,
    rev: 2,
    at: '2013-02-08T19:10:00Z',
    kinds: ['gate'],
    set: { 'departure.gate': null },
  });
  expect(store.flight(leg)?.flight.departure.gate).toBeNull();
});

test('repeated and older revisions change nothing', () => {
  const { hub, store } = aLiveBoard([aFlight({ rev: 18 })]);
  hub.last.says(gateChange(18, '99'));
  hub.last.says(gateChange(7, '98'));
  hub.last.says({ type: 'state', flight: aFlight({ rev: 17, departure: { gate: '97' } }) });
  expect(store.flight(leg)?.flight).toMatchObject({ rev: 18, departure: { gate: '12' } });
  expect(gets(hub.last.asked())).toBe(0);
});

test('a gap is not applied; the state is asked for once, and taken', () => {
  const { hub, store } = aLiveBoard([aFlight({ rev: 18 })]);
  hub.last.says(gateChange(20, '14'));
  hub.last.says(gateChange(21, '15'));
  expect(store.flight(leg)?.flight.rev).toBe(18);
  expect(gets(hub.last.asked())).toBe(1);
  hub.last.says({ type: 'state', flight: aFlight({ rev: 21, departure: { gate: '15' } }) });
  hub.last.says(gateChange(22, '16'));
  expect(store.flight(leg)?.flight).toMatchObject({ rev: 22, departure: { gate: '16' } });
  expect(gets(hub.last.asked())).toBe(1);
});

test('a state that is older than a change already seen is asked for again', () => {
  const { hub } = aLiveBoard([aFlight({ rev: 18 })]);
  hub.last.says(gateChange(20, '14'));
  hub.last.says(gateChange(21, '15'));
  hub.last.says({ type: 'state', flight: aFlight({ rev: 20, departure: { gate: '14' } }) });
  expect(gets(hub.last.asked())).toBe(2);
});

test('a change of a flight that is not held asks for it, and its state joins the board', () => {
  const { hub, store } = aLiveBoard([]);
  hub.last.says(gateChange(5, '14'));
  expect(hub.last.asked()).toContainEqual({ op: 'get', leg });
  hub.last.says({ type: 'state', flight: aFlight({ rev: 5 }) });
  expect(store.topic(BOARD).legs.has(leg)).toBe(true);
});

test('after conflation a state replaces the flight over any number of revisions', () => {
  const { hub, store } = aLiveBoard([aFlight({ rev: 18 })]);
  hub.last.says({ type: 'state', flight: aFlight({ rev: 58, status: 'cancelled' }) });
  expect(store.flight(leg)?.flight).toMatchObject({ rev: 58, status: 'cancelled' });
  hub.last.says(gateChange(59, '3'));
  expect(store.flight(leg)?.flight.rev).toBe(59);
  expect(gets(hub.last.asked())).toBe(0);
});

test('a flight that is gone leaves the board, and one that is unknown is let go', () => {
  const { hub, store } = aLiveBoard([aFlight(), aFlight({ leg: 'DL-1' })]);
  hub.last.says({ type: 'gone', leg, topic: BOARD });
  expect(store.flight(leg)).toBeUndefined();
  hub.last.says({ type: 'change', leg: 'DL-1', rev: 9, at: '2013-02-08T19:10:00Z', kinds: [], set: {} });
  const asked = hub.last.sent.at(-1) as { ref?: number };
  hub.last.says({ type: 'error', ref: asked.ref ?? null, code: 'unknown_leg', message: 'no such flight' });
  expect(store.flight('DL-1')).toBeUndefined();
});

test('frames that are none, of no known type or with unknown fields do no harm', () => {
  const { hub, store } = aLiveBoard([aFlight({ rev: 1 })]);
  hub.last.saysText('not json');
  hub.last.saysText('[]');
  hub.last.saysText('{"type":"weather","flakes":9}');
  hub.last.says({
    type: 'change',
    leg,
    rev: 2,
    at: '2013-02-08T19:10:00Z',
    kinds: [],
    set: { __proto__x: 1, 'departure.jetway': 'x', 'no.such': 1 },
  });
  expect(store.flight(leg)?.flight.rev).toBe(2);
  expect(store.flight(leg)?.flight.departure).not.toHaveProperty('jetway');
});

test('a refused topic says why', () => {
  const { hub, store, client } = aLiveBoard([]);
  client.follow('board/XXX/departures');
  const asked = hub.last.sent.at(-1) as { ref?: number };
  hub.last.says({
    type: 'error',
    ref: asked.ref ?? null,
    code: 'unknown_topic',
    message: 'XXX is no airport',
  });
  expect(store.topic('board/XXX/departures').failure).toBe('XXX is no airport');
});
