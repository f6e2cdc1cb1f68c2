import { afterSource, silentFor } from '@/lib/socket/silent-sources';
import { BOARD, aLiveBoard, aStreamedBoard } from '@/testing/a-client';
import { aFlight } from '@/testing/a-flight';
import { goldenFrame } from '@/testing/golden';
import { expect, test } from 'vitest';

const silent = goldenFrame('frame-source', 'source');
const heard = goldenFrame('frame-source-heard', 'source');
const JFK = { feed: 'jfk', airport: 'JFK', since: '2013-02-08T19:58:00Z' };

test('every source is heard until the hub says that it is not, and again when it says so', () => {
  const { hub, client } = aLiveBoard([aFlight()]);
  expect(client.link().silent).toEqual([]);
  hub.last.says({ ...silent, ...JFK });
  const since_ms = Date.parse(JFK.since);
  expect(client.link()).toMatchObject({ phase: 'live', silent: [{ feed: 'jfk', airport: 'JFK', since_ms }] });
  hub.last.says(heard);
  expect(client.link().silent).toEqual([]);
});

test('what was silent when the link was lost stays so until the next hello', () => {
  const { hub, client } = aLiveBoard([aFlight()]);
  hub.last.says({ ...silent, ...JFK });
  hub.last.drops();
  expect(client.link().silent).toHaveLength(1);
  client.retryNow();
  hub.last.greets();
  expect(client.link().silent).toEqual([]);
});

test('every hello begins anew: a stream that comes from another hub takes back what the one before said', () => {
  const { streams, client } = aStreamedBoard([aFlight()]);
  streams.last.says({ ...silent, ...JFK }, BOARD);
  client.follow('board/JFK/arrivals');
  streams.last.greetsOn('board/JFK/arrivals');
  expect(client.link().silent).toEqual([]);
  // What lasts is repeated right after the hello.
  streams.last.says({ ...silent, ...JFK }, 'board/JFK/arrivals');
  expect(client.link().silent).toHaveLength(1);
});

test('a source of no airport concerns all, one of another airport none', () => {
  const now_ms = Date.parse('2013-02-08T20:00:00Z');
  const frames = [
    { type: 'source' as const, ...JFK },
    { type: 'source' as const, feed: 'wire', airport: null, since: '2013-02-08T19:00:00Z' },
    { type: 'source' as const, feed: 'lga', airport: 'LGA', since: 'half past nine' },
  ];
  const all = frames.reduce<ReturnType<typeof afterSource>>(
    (before, frame) => afterSource(before, frame, now_ms),
    [],
  );
  expect(silentFor(all, ['JFK']).map(({ feed }) => feed)).toEqual(['wire', 'jfk']);
  expect(silentFor(all, ['LGA']).map(({ since_ms }) => since_ms)).toEqual([
    Date.parse('2013-02-08T19:00:00Z'),
    now_ms,
  ]);
});
