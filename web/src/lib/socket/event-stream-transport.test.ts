import { aFlight } from '@/testing/a-flight';
import { FakeEventSource, HELLO, someTabs } from '@/testing/some-tabs';
import { expect, test, vi } from 'vitest';

const { aHub, connect, stream, wait, gathered, urls } = someTabs();
const LINE = 'stream';
const BOARD = 'board/JFK/departures';

test('a state that is asked for is fetched and handed on as a frame', async () => {
  const flight = aFlight();
  const asked = vi.fn(() => Promise.resolve(Response.json(flight)));
  vi.stubGlobal('fetch', asked);
  const { transport, heard } = connect();
  transport.send({ op: 'get', leg: flight.leg });
  await vi.waitFor(() =>
    expect(heard.frame).toHaveBeenCalledWith(JSON.stringify({ type: 'state', flight }), null),
  );
  const url = `/api/v1/flights/${flight.leg}`;
  expect(asked).toHaveBeenCalledExactlyOnceWith(url, { signal: expect.any(AbortSignal) as AbortSignal });
});

test('a hub that never answers what is asked beside the streams is given up', async () => {
  const late = new AbortController();
  const timeout = vi.spyOn(AbortSignal, 'timeout').mockReturnValue(late.signal);
  const never = vi.fn(
    (_: string, { signal }: { signal: AbortSignal }) =>
      new Promise<Response>((_answer, fail) =>
        signal.addEventListener('abort', () => fail(new Error('too late'))),
      ),
  );
  vi.stubGlobal('fetch', never);
  const ways: ((transport: ReturnType<typeof connect>['transport']) => void)[] = [
    (transport) => transport.send({ op: 'get', leg: 'B6-1' }),
    (transport) => {
      transport.send({ op: 'follow', topic: 'all' });
      gathered();
      FakeEventSource.opened.at(-1)?.onerror?.();
    },
  ];
  const links = ways.map((way) => {
    const { transport, heard } = connect();
    way(transport);
    return heard;
  });
  expect(timeout.mock.calls).toEqual([[10_000], [10_000]]);
  expect(links.map((heard) => heard.close.mock.calls.length)).toEqual([0, 0]);
  late.abort();
  await vi.waitFor(() =>
    expect(links.map((heard) => heard.close.mock.calls)).toEqual([[[1006, '']], [[1006, '']]]),
  );
  timeout.mockRestore();
});

/** What the hub answers to whatever is fetched. */
const answers = (answer: () => Promise<Response>) => vi.stubGlobal('fetch', vi.fn(answer));
const problem = (status: number, detail: string) => () =>
  Promise.resolve(
    new Response(JSON.stringify({ type: 'about:blank', title: 'No', status, detail, errors: [] }), {
      status,
      headers: { 'content-type': 'application/problem+json' },
    }),
  );
const errorFrame = (ref: number, code: string, message: string) =>
  JSON.stringify({ type: 'error', ref, code, message });

test('a flight that is asked for and not known is told as the error that a WebSocket would bring', async () => {
  answers(problem(404, 'no such flight is known'));
  const { transport, heard } = connect();
  transport.send({ op: 'get', leg: 'B6-1', ref: 7 });
  const expected = errorFrame(7, 'unknown_leg', 'no such flight is known');
  await vi.waitFor(() => expect(heard.frame).toHaveBeenCalledExactlyOnceWith(expected, null));
  expect(heard.close).not.toHaveBeenCalled();
});

test.each([
  ['a hub that is too busy', problem(503, 'the hub is too busy to look')],
  [
    'a proxy with no hub behind it',
    () => Promise.resolve(new Response('<h1>Not found</h1>', { status: 404 })),
  ],
  ['a page in the place of a flight', () => Promise.resolve(new Response('<h1>Log in</h1>'))],
])('%s is asked for the flight again, and lets go of none', async (_, answer) => {
  answers(answer);
  const { transport, heard } = connect();
  transport.send({ op: 'get', leg: 'B6-1', ref: 7 });
  await vi.waitFor(() => expect(heard.frame).toHaveBeenCalledOnce());
  expect(JSON.parse(String(heard.frame.mock.calls[0]?.[0]))).toMatchObject({ ref: 7, code: 'rate_limited' });
  expect(heard.close).not.toHaveBeenCalled();
});

/** What the hub answers to a stream that is asked for with `fetch`. */
const refuses = (topic: string, status: number, detail: string) =>
  vi.stubGlobal(
    'fetch',
    vi.fn((url: string) =>
      decodeURIComponent(url).includes(topic)
        ? problem(status, detail)()
        : Promise.resolve(new Response('event: hello')),
    ),
  );

test.each([
  ['flight/NO-1', 404, 'unknown_leg', 'no such flight is known'],
  ['board/XXX/departures', 400, 'unknown_topic', 'query parameter topic is not a topic'],
])(
  'a stream of %s that the hub refuses goes on without it, and says why',
  async (topic, status, code, why) => {
    refuses(topic, status, why);
    const { transport, heard } = connect();
    transport.send({ op: 'follow', topic: BOARD, ref: 1 });
    gathered();
    stream(0).says('hello', HELLO);
    transport.send({ op: 'follow', topic, ref: 2 });
    gathered();
    stream(1).onerror?.();
    await vi.waitFor(() => expect(heard.frame).toHaveBeenLastCalledWith(errorFrame(2, code, why), null));
    expect(heard.close).not.toHaveBeenCalled();
    expect(stream(0).closed).toBe(false);
    wait(0);
    expect(urls()[2]).toBe(`/api/v1/stream?topic=${BOARD}`);
  },
);

test('the only topic refused ends the line, and no connection', async () => {
  refuses('flight/NO-1', 404, 'no such flight is known');
  const { transport, heard } = connect();
  transport.send({ op: 'follow', topic: 'flight/NO-1', ref: 1 });
  gathered();
  stream(0).onerror?.();
  await vi.waitFor(() => expect(heard.lineEnded).toHaveBeenCalledExactlyOnceWith(LINE));
  expect(heard.close).not.toHaveBeenCalled();
});

test.each([
  ['nobody answers', () => Promise.reject(new TypeError('Failed to fetch'))],
  ['the hub is full', problem(503, 'the hub has its limit of listeners')],
  ['it would open by now', () => Promise.resolve(new Response('event: hello'))],
])('a stream that does not open is a broken connection when %s', async (_, answer) => {
  answers(answer);
  const { transport, heard } = connect();
  transport.send({ op: 'follow', topic: 'all', ref: 1 });
  gathered();
  stream(0).onerror?.();
  await vi.waitFor(() => expect(heard.close).toHaveBeenCalledExactlyOnceWith(1006, ''));
  expect(heard.frame).not.toHaveBeenCalled();
});

test('a topic that is no longer followed when its refusal comes is refused to nobody', async () => {
  const asked = vi.fn(problem(404, 'no such flight is known'));
  vi.stubGlobal('fetch', asked);
  const { transport, heard } = connect();
  transport.send({ op: 'follow', topic: 'flight/NO-1', ref: 1 });
  gathered();
  stream(0).onerror?.();
  transport.send({ op: 'unfollow', topic: 'flight/NO-1' });
  await asked.mock.results[0]?.value;
  await new Promise((done) => setTimeout(done));
  expect(heard.frame).not.toHaveBeenCalled();
  expect(heard.close).not.toHaveBeenCalled();
});

test('a broken stream ends the connection of each tab, once, so that the backoff is theirs', () => {
  const join = aHub();
  const tabs = [connect(join), connect(join)];
  for (const { transport } of tabs) transport.send({ op: 'follow', topic: 'all' });
  gathered();
  stream(0).says('hello', HELLO);
  stream(0).onerror?.();
  stream(0).says('hello', HELLO);
  for (const { heard } of tabs) {
    expect(heard.close).toHaveBeenCalledExactlyOnceWith(1006, '');
    expect(heard.frame).toHaveBeenCalledOnce();
  }
  expect(FakeEventSource.opened.every((one) => one.closed)).toBe(true);
});
