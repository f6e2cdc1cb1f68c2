import { BOARD, aClient, aLiveBoard } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import type { ServerFrame } from '@/wire/types';
import { expect, test } from 'vitest';

const RETRY_MS = 500;
const leg = aFlight().leg;
const FLIGHT = `flight/${leg}`;

test('a topic followed before the hub has answered is asked for as a whole once it has', () => {
  const { client, hub } = aClient();
  client.start();
  client.follow(BOARD);
  expect(hub.last.asked()).toEqual([]);
  hub.last.greets();
  expect(hub.last.asked()).toEqual([{ op: 'follow', topic: BOARD }]);
});

test('after a loss within one epoch the client resumes from just before the newest change it holds', () => {
  const older = aFlight({ changed_at: '2013-02-08T18:00:00Z' });
  const newer = aFlight({ leg: 'DL-1', changed_at: '2013-02-08T19:30:10Z' });
  const { hub, timers } = aLiveBoard([older, newer]);
  hub.last.drops();
  timers.advance(RETRY_MS);
  hub.last.greets('e1');
  expect(hub.connections).toHaveLength(2);
  expect(hub.last.asked()).toEqual([{ op: 'follow', topic: BOARD, since: '2013-02-08T19:30:08Z' }]);
});

/** A live board of two flights, of which a page follows one; the newest change on it was at 19:30:10. */
function aBoardAndAFlight() {
  const followed = aFlight({ changed_at: '2013-02-08T19:30:10Z' });
  const parts = aLiveBoard([followed, aFlight({ leg: 'DL-1', changed_at: '2013-02-08T18:00:00Z' })]);
  parts.client.follow(FLIGHT);
  parts.hub.last.says({ type: 'snapshot', topic: FLIGHT, partial: false, flights: [followed] });
  const comesBack = () => {
    parts.hub.last.drops();
    parts.timers.advance(RETRY_MS);
    parts.hub.last.greets('e1');
  };
  const follows = (topic: string) =>
    parts.hub.last.sent.find((frame) => frame.op === 'follow' && frame.topic === topic);
  return { ...parts, comesBack, follows };
}
const gateChange = (rev: number, at: string): ServerFrame => ({
  type: 'change',
  leg,
  rev,
  at,
  kinds: ['gate'],
  set: { 'departure.gate': String(rev) },
});

test('what another topic brought does not move the position of a board that is still behind', () => {
  const { hub, store, comesBack, follows } = aBoardAndAFlight();
  comesBack();
  const newer = aFlight({ rev: 4, changed_at: '2013-02-08T21:30:00Z' });
  hub.last.says({ type: 'snapshot', topic: FLIGHT, partial: true, flights: [newer] });
  hub.last.says(gateChange(5, '2013-02-08T21:31:00Z'));
  expect(store.flight(leg)?.flight.rev).toBe(5);
  comesBack();
  expect(follows(BOARD)).toMatchObject({ since: '2013-02-08T19:30:08Z' });
  expect(follows(FLIGHT)).toMatchObject({ since: '2013-02-08T21:30:58Z' });
});

test('a board whose following was put off is asked for from where it was', () => {
  const { hub, timers, comesBack } = aBoardAndAFlight();
  comesBack();
  const refused = hub.last.sent.find((frame) => frame.op === 'follow' && frame.topic === BOARD);
  const ref = (refused as { ref?: number }).ref ?? null;
  hub.last.says({ type: 'error', ref, code: 'rate_limited', message: 'too fast' });
  const newer = aFlight({ rev: 4, changed_at: '2013-02-08T21:30:00Z' });
  hub.last.says({ type: 'snapshot', topic: FLIGHT, partial: true, flights: [newer] });
  timers.advance(2_000);
  expect(hub.last.asked().at(-1)).toEqual({ op: 'follow', topic: BOARD, since: '2013-02-08T19:30:08Z' });
});

test('a second topic’s snapshot may overtake what the hub still owes the first, and does not move it', () => {
  const { hub, client, comesBack, follows } = aBoardAndAFlight();
  client.follow('flight/DL-1');
  const newer = aFlight({ leg: 'DL-1', rev: 7, changed_at: '2013-02-08T21:30:00Z' });
  hub.last.says({ type: 'snapshot', topic: 'flight/DL-1', partial: false, flights: [newer] });
  comesBack();
  expect(follows(BOARD)).toMatchObject({ since: '2013-02-08T19:30:08Z' });
});

test('a state, as the answer to a get or in the place of changes, moves no position', () => {
  const { hub, comesBack, follows } = aBoardAndAFlight();
  hub.last.says({ type: 'state', flight: aFlight({ rev: 9, changed_at: '2013-02-08T21:30:00Z' }) });
  comesBack();
  expect(follows(BOARD)).toMatchObject({ since: '2013-02-08T19:30:08Z' });
});

test('a change moves the position of every live topic that it belongs to, and of no other', () => {
  const { hub, client, comesBack, follows } = aBoardAndAFlight();
  client.follow('flight/DL-1');
  const other = aFlight({ leg: 'DL-1', changed_at: '2013-02-08T18:00:00Z' });
  hub.last.says({ type: 'snapshot', topic: 'flight/DL-1', partial: false, flights: [other] });
  hub.last.says(gateChange(2, '2013-02-08T20:15:00Z'));
  comesBack();
  expect(follows(BOARD)).toMatchObject({ since: '2013-02-08T20:14:58Z' });
  expect(follows(FLIGHT)).toMatchObject({ since: '2013-02-08T20:14:58Z' });
  expect(follows('flight/DL-1')).toMatchObject({ since: '2013-02-08T17:59:58Z' });
});

test('a board that had no flights is asked for as a whole', () => {
  const { hub, timers } = aLiveBoard([]);
  hub.last.drops();
  timers.advance(RETRY_MS);
  hub.last.greets('e1');
  expect(hub.last.asked()).toEqual([{ op: 'follow', topic: BOARD }]);
});

test('in a new epoch the whole is asked for, and replaces what was held whatever its revisions', () => {
  const { hub, timers, store } = aLiveBoard([aFlight({ rev: 40 }), aFlight({ leg: 'GONE-1' })]);
  hub.last.drops();
  timers.advance(RETRY_MS);
  hub.last.greets('e2');
  expect(hub.last.asked()).toEqual([{ op: 'follow', topic: BOARD }]);
  expect(store.flight(leg)?.flight.rev).toBe(40);
  hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [aFlight({ rev: 3 })] });
  expect(store.flight(leg)?.flight.rev).toBe(3);
  expect([...store.topic(BOARD).legs]).toEqual([leg]);
  expect(store.flight('GONE-1')).toBeUndefined();
});

test('a change of a new epoch is not built upon a flight of the old one', () => {
  const { hub, timers, store } = aLiveBoard([aFlight({ rev: 4 })]);
  hub.last.drops();
  timers.advance(RETRY_MS);
  hub.last.greets('e2');
  hub.last.says({
    type: 'change',
    leg,
    rev: 5,
    at: '2013-02-08T20:00:00Z',
    kinds: ['gate'],
    set: { 'departure.gate': '99' },
  });
  expect(store.flight(leg)?.flight.departure.gate).toBe('12');
  expect(hub.last.asked()).toContainEqual({ op: 'get', leg });
});

test('a part of a topic is merged into it, the whole replaces it', () => {
  const { hub, store } = aLiveBoard([aFlight(), aFlight({ leg: 'DL-1' })]);
  const changed = aFlight({ rev: 2, departure: { gate: '14' } });
  hub.last.says({ type: 'snapshot', topic: BOARD, partial: true, flights: [changed] });
  expect([...store.topic(BOARD).legs].sort()).toEqual([leg, 'DL-1'].sort());
  expect(store.flight(leg)?.flight.departure.gate).toBe('14');
  hub.last.says({ type: 'snapshot', topic: BOARD, partial: false, flights: [changed] });
  expect([...store.topic(BOARD).legs]).toEqual([leg]);
});

test('a flight found missing before a loss is asked for again after it, because resuming by time would skip it', () => {
  const { hub, timers } = aLiveBoard([aFlight({ rev: 1 })]);
  hub.last.says({ type: 'change', leg, rev: 3, at: '2013-02-08T19:10:00Z', kinds: [], set: {} });
  hub.last.drops();
  timers.advance(RETRY_MS);
  hub.last.greets('e1');
  expect(hub.last.asked()).toContainEqual({ op: 'get', leg });
});

test('when the hub refuses the position, the whole is asked for', () => {
  const { hub, timers } = aLiveBoard([aFlight()]);
  hub.last.drops();
  timers.advance(RETRY_MS);
  hub.last.greets('e1');
  const ref =
    hub.last.sent.at(-1)?.op === 'follow' ? ((hub.last.sent.at(-1) as { ref?: number }).ref ?? null) : null;
  hub.last.says({ type: 'error', ref, code: 'bad_since', message: 'too old' });
  expect(hub.last.asked().at(-1)).toEqual({ op: 'follow', topic: BOARD });
});

test('two followers of a topic share one subscription, which ends a while after the last has left', () => {
  const { hub, client, timers, unfollow, store } = aLiveBoard([aFlight()]);
  const second = client.follow(BOARD);
  unfollow();
  timers.advance(20_000);
  expect(hub.last.asked()).toEqual([{ op: 'follow', topic: BOARD }]);
  second();
  second();
  expect(store.flight(leg)).toBeDefined();
  timers.advance(10_000);
  expect(hub.last.asked().at(-1)).toEqual({ op: 'unfollow', topic: BOARD });
  expect(store.flight(leg)).toBeUndefined();
});

test('whoever comes back to a topic at once finds it as it was, without asking the hub', () => {
  const { hub, client, unfollow, timers, store } = aLiveBoard([aFlight()]);
  unfollow();
  timers.advance(1_000);
  client.follow(BOARD);
  timers.advance(20_000);
  expect(hub.last.asked()).toEqual([{ op: 'follow', topic: BOARD }]);
  expect(store.flight(leg)).toBeDefined();
});
