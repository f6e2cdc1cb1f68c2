import { type HubSays, StreamHub } from '@/lib/socket/stream-hub';
import { aFlight } from '@/testing/a-flight';
import { FakeTimers } from '@/testing/fake-timers';
import { goldenFrame } from '@/testing/golden';
import { HELLO, someTabs } from '@/testing/some-tabs';
import type { Flight } from '@/wire/types';
import { expect, test, vi } from 'vitest';

const { aHub, connect, stream, wait, gathered, urls } = someTabs();
const LINE = 'stream';
const BOARD = 'board/JFK/departures';
const ARRIVALS = 'board/FLL/arrivals';
const snapshot = (topic: string, flights: Flight[] = [], partial = false) =>
  JSON.stringify({ type: 'snapshot', topic, partial, flights });
const change = (leg: string, set: Record<string, unknown> = { 'departure.gate': '14' }) =>
  JSON.stringify({ type: 'change', leg, rev: 2, at: '2013-02-08T20:10:00Z', kinds: [], set });

test('what is followed in one go is asked for over one stream, and its events are frames', async () => {
  const { transport, heard } = connect();
  await vi.waitFor(() => expect(heard.open).toHaveBeenCalledOnce());
  transport.send({ op: 'follow', topic: BOARD });
  transport.send({ op: 'follow', topic: 'flight/B6-1' });
  gathered();
  expect(urls()).toEqual([`/api/v1/stream?topic=${BOARD}&topic=flight/B6-1`]);
  stream(0).says('hello', HELLO);
  expect(heard.frame).toHaveBeenCalledWith(HELLO, LINE);
  const warning = JSON.stringify(goldenFrame('frame-upstream', 'upstream'));
  stream(0).says('upstream', warning);
  expect(heard.frame).toHaveBeenLastCalledWith(warning, LINE);
  transport.send({ op: 'unfollow', topic: BOARD });
  transport.send({ op: 'unfollow', topic: 'flight/B6-1' });
  expect(stream(0).closed).toBe(true);
});

test('another topic is asked for over a new stream, which resumes the first and takes over when it speaks', () => {
  const { transport, heard } = connect();
  transport.send({ op: 'follow', topic: BOARD });
  gathered();
  stream(0).says('hello', HELLO);
  stream(0).says('snapshot', snapshot(BOARD, [aFlight({ changed_at: '2013-02-08T19:30:10Z' })]));
  transport.send({ op: 'follow', topic: ARRIVALS });
  gathered();
  expect(urls()[1]).toBe(`/api/v1/stream?topic=${BOARD}&since=2013-02-08T19:30:08Z&topic=${ARRIVALS}`);
  const told = change(aFlight().leg);
  stream(0).says('change', told);
  expect(heard.frame).toHaveBeenLastCalledWith(told, LINE);
  expect(stream(0).closed).toBe(false);
  stream(1).says('hello', HELLO);
  expect(stream(0).closed).toBe(true);
  stream(0).says('change', change(aFlight().leg));
  expect(heard.frame).toHaveBeenLastCalledWith(HELLO, LINE);
});

test('the stream is a line from the first topic until the last is left', () => {
  const { transport, heard } = connect();
  transport.send({ op: 'follow', topic: 'all' });
  transport.send({ op: 'follow', topic: BOARD });
  expect(heard.lineBegan).toHaveBeenCalledExactlyOnceWith(LINE);
  transport.send({ op: 'unfollow', topic: 'all' });
  expect(heard.lineEnded).not.toHaveBeenCalled();
  transport.send({ op: 'unfollow', topic: BOARD });
  transport.send({ op: 'unfollow', topic: BOARD });
  expect(heard.lineEnded).toHaveBeenCalledExactlyOnceWith(LINE);
});

test('seven tabs have one stream, and each is told what it follows', () => {
  const join = aHub();
  const topics = ['JFK', 'FLL', 'BOS', 'ORD', 'ATL', 'MCO', 'SFO'].map((iata) => `board/${iata}/arrivals`);
  const tabs = topics.map(() => connect(join));
  tabs.forEach(({ transport }, tab) => transport.send({ op: 'follow', topic: topics[tab] ?? '' }));
  gathered();
  expect(urls()).toEqual([`/api/v1/stream?${topics.map((topic) => `topic=${topic}`).join('&')}`]);
  stream(0).says('hello', HELLO);
  const flight = aFlight();
  for (const topic of topics) stream(0).says('snapshot', snapshot(topic, topic === ARRIVALS ? [flight] : []));
  const hears = (text: string) =>
    tabs.flatMap(({ heard }, tab) =>
      heard.frame.mock.calls.some(([frame]) => frame === text) ? [topics[tab]] : [],
    );
  expect(hears(HELLO)).toEqual(topics);
  expect(hears(snapshot(ARRIVALS, [flight]))).toEqual([ARRIVALS]);
  stream(0).says('change', change(flight.leg));
  expect(hears(change(flight.leg))).toEqual([ARRIVALS]);
  // It may now be on any board: who does not hold it asks for it.
  const diverted = change(flight.leg, { diverted_to: 'MCO' });
  stream(0).says('change', diverted);
  expect(hears(diverted)).toEqual(topics);
  const state = JSON.stringify({
    type: 'state',
    flight: { ...flight, leg: 'new', arrival: { airport: 'BOS' } },
  });
  stream(0).says('state', state);
  expect(hears(state)).toEqual(['board/BOS/arrivals']);
});

test('a tab that is closed costs the others nothing', () => {
  const join = aHub();
  const [one, other] = [connect(join), connect(join)];
  one.transport.send({ op: 'follow', topic: BOARD });
  other.transport.send({ op: 'follow', topic: ARRIVALS });
  gathered();
  stream(0).says('hello', HELLO);
  one.transport.close();
  expect(stream(0).closed).toBe(false);
  stream(0).says('snapshot', snapshot(ARRIVALS));
  expect(other.heard.frame).toHaveBeenLastCalledWith(snapshot(ARRIVALS), LINE);
  expect(one.heard.frame).toHaveBeenCalledTimes(1);
  wait(15_000);
  expect(urls()[1]).toMatch(/\?topic=board\/FLL\/arrivals(&since|$)/);
});

test('a tab that was closed without a goodbye is not kept, and one that was frozen comes back', () => {
  const { transport, heard } = connect();
  transport.send({ op: 'follow', topic: BOARD });
  gathered();
  stream(0).says('hello', HELLO);
  wait(300_000);
  expect(heard.close).toHaveBeenCalledExactlyOnceWith(1006, '');
  expect(stream(0).closed).toBe(true);
});

test('a stream that never speaks is given up, however well the one before does', () => {
  const { transport, heard } = connect();
  transport.send({ op: 'follow', topic: BOARD });
  gathered();
  stream(0).says('hello', HELLO);
  transport.send({ op: 'follow', topic: ARRIVALS });
  gathered();
  wait(9_000);
  stream(0).says('ping', '{"type":"ping"}');
  expect(heard.close).not.toHaveBeenCalled();
  wait(1_000);
  expect(heard.close).toHaveBeenCalledExactlyOnceWith(1006, '');
});

test('whoever follows a topic while another stream resumes it gets the whole, not what has changed since', () => {
  const join = aHub();
  const [one, other] = [connect(join), connect(join)];
  one.transport.send({ op: 'follow', topic: BOARD });
  gathered();
  stream(0).says('hello', HELLO);
  stream(0).says('snapshot', snapshot(BOARD, [aFlight({ changed_at: '2013-02-08T19:30:10Z' })]));
  one.transport.send({ op: 'follow', topic: ARRIVALS });
  gathered();
  expect(urls()[1]).toContain(`${BOARD}&since=`);
  other.transport.send({ op: 'follow', topic: BOARD });
  stream(1).says('hello', HELLO);
  const partial = snapshot(BOARD, [], true);
  stream(1).says('snapshot', partial);
  expect(other.heard.frame).not.toHaveBeenCalledWith(partial, LINE);
  gathered();
  expect(urls()[2]).not.toContain(`${BOARD}&since=`);
  stream(2).says('hello', HELLO);
  const whole = snapshot(BOARD, [aFlight()]);
  stream(2).says('snapshot', whole);
  expect(other.heard.frame).toHaveBeenLastCalledWith(whole, LINE);
});

test('a topic beyond what a stream can carry is refused, and costs nobody the others', () => {
  const join = aHub();
  const [one, other] = [connect(join), connect(join)];
  for (let number = 0; number < 64; number += 1) {
    one.transport.send({ op: 'follow', topic: `flight/B6-${number}` });
  }
  other.transport.send({ op: 'follow', topic: BOARD, ref: 7 });
  other.transport.send({ op: 'follow', topic: 'flight/B6-1' });
  gathered();
  expect(urls()).toHaveLength(1);
  expect(urls()[0]).not.toContain(BOARD);
  expect(other.heard.frame.mock.calls[0]?.[0]).toMatch(/"ref":7,"code":"too_many_topics"/);
  expect(one.heard.close).not.toHaveBeenCalled();
});

test('a page that was gone and speaks again hears that it is lost', () => {
  const told: HubSays[] = [];
  const speak = aHub()((message) => told.push(message));
  speak({ says: 'bye' });
  speak({ says: 'bye' });
  expect(told).toEqual([{ says: 'ready' }]);
  speak({ says: 'here' });
  expect(told).toEqual([{ says: 'ready' }, { says: 'lost' }]);
});

test('pages that come and go leave one look for silent ones behind', () => {
  const timers = new FakeTimers();
  const after = vi.spyOn(timers, 'after');
  const hub = new StreamHub('/api/v1', timers);
  for (let times = 0; times < 3; times += 1) hub.join(() => undefined)({ says: 'bye' });
  expect(after).toHaveBeenCalledTimes(1);
});
