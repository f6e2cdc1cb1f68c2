/** The fake hub's doors: the built page, REST, WebSocket and event stream on one port. */
import { createReadStream, existsSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import { extname, join, normalize } from 'node:path';
import { WebSocketServer } from 'ws';
import { findFlights } from './find-flights.mjs';
import { AIRLINES, AIRPORTS, isAirport } from './places.mjs';
import { takeReports } from './take-reports.mjs';

const PING_S = Number(process.env.PING_S) || 25;

const TYPES = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
  '.svg': 'image/svg+xml',
  '.woff2': 'font/woff2',
  '.json': 'application/json',
};

export function serve(state, { port, dist, openapi }) {
  let refuses = false;
  const server = createServer((request, response) => {
    if (refuses && request.url.startsWith('/api')) response.destroy();
    else answer(state, dist, openapi, request, response);
  });
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: () => 'gatecall.v1' });
  server.on('upgrade', (request, socket, head) => {
    if (refuses || !request.url.startsWith('/ws')) return socket.destroy();
    sockets.handleUpgrade(request, socket, head, (ws) => greet(state, ws));
  });
  return new Promise((resolve) => {
    server.listen(port, '127.0.0.1', () =>
      resolve({
        port: server.address().port,
        /** Cuts every connection; with `true` it also refuses new ones. */
        cut: (refuse) => {
          refuses = refuse;
          for (const ws of sockets.clients) ws.terminate();
        },
        close: () => {
          for (const ws of sockets.clients) ws.terminate();
          server.closeAllConnections();
          server.close();
        },
      }),
    );
  });
}

function clockOf(state) {
  return { now: new Date(state.clock.now()).toISOString(), speed: state.clock.speed };
}

function hello(state) {
  return { type: 'hello', epoch: state.epoch, clock: clockOf(state), ping_s: PING_S };
}

function greet(state, ws) {
  const topics = new Set();
  const send = (frame) => ws.send(JSON.stringify(frame));
  const listener = (frame, flight) => {
    if ([...topics].some((topic) => state.topicHas(topic, flight))) send(frame);
  };
  state.listeners.add(listener);
  state.warned.add(send);
  const ping = setInterval(() => send({ type: 'ping', clock: clockOf(state) }), PING_S * 1000);
  ws.on('close', () => {
    state.listeners.delete(listener);
    state.warned.delete(send);
    clearInterval(ping);
  });
  ws.on('message', (data) => {
    const frame = JSON.parse(String(data));
    const refuse = (code, message) => send({ type: 'error', ref: frame.ref ?? null, code, message });
    if (frame.op === 'follow') {
      if (!state.isTopic(frame.topic)) return refuse('unknown_topic', 'There is no such topic.');
      if (state.isUnknownFlight(frame.topic)) return refuse('unknown_leg', 'There is no such flight.');
      topics.add(frame.topic);
      send(state.snapshot(frame.topic, frame.since));
    } else if (frame.op === 'unfollow') topics.delete(frame.topic);
    else if (frame.op === 'get') {
      const flight = state.flights.get(frame.leg);
      if (flight) send({ type: 'state', flight });
      else refuse('unknown_leg', 'There is no such flight.');
    }
  });
  send(hello(state));
  if (state.warning) send(state.warning);
}

function answer(state, dist, openapi, request, response) {
  const url = new URL(request.url, 'http://hub');
  const json = (body, status = 200) => {
    response.writeHead(status, {
      'content-type': status < 400 ? 'application/json' : 'application/problem+json',
    });
    response.end(JSON.stringify(body));
  };
  const problem = (status, title, detail) =>
    json({ type: 'about:blank', title, status, detail, errors: [] }, status);
  const missing = (detail) => problem(404, 'Not found', detail);
  if (url.pathname === '/readyz') return json({});
  const path = url.pathname.split('/').map(decodeURIComponent);
  if (path[1] !== 'api') return file(dist, url.pathname, response);
  const [, , , what, leg, part] = path;
  if (what === 'openapi.json') return json(openapi);
  if (what === 'airports') return json({ airports: airports(state) });
  if (what === 'airlines') return json({ airlines: AIRLINES });
  if (what === 'stream') {
    const topics = url.searchParams.getAll('topic');
    if (topics.length === 0 || !topics.every((topic) => state.isTopic(topic)))
      return problem(400, 'Bad request', 'There is no such topic.');
    if (topics.some((topic) => state.isUnknownFlight(topic))) return missing('There is no such flight.');
    return stream(state, topics, response);
  }
  if (what === 'feeds' && part === 'reports')
    return read(request, (body) => json(takeReports(state, [JSON.parse(body)].flat()), 202));
  if (what === 'boards' && !isAirport(leg)) return missing(`No airport is known by ${leg}.`);
  if (what === 'boards') return json(board(state, leg, part));
  if (what === 'flights' && leg === undefined)
    return json(findFlights([...state.flights.values()], url.searchParams));
  if (what === 'flights' && leg !== undefined) {
    const flight = state.flights.get(leg);
    if (!flight) return missing(`No flight is known by ${leg}.`);
    return json(part === 'history' ? { leg, entries: state.history.get(leg) ?? [], next: null } : flight);
  }
  return missing('There is nothing at this address.');
}

function read(request, done) {
  const parts = [];
  request.on('data', (part) => parts.push(part));
  request.on('end', () => done(Buffer.concat(parts).toString()));
}

function board(state, iata, direction) {
  const { flights } = state.snapshot(`board/${iata}/${direction}`);
  return {
    airport: AIRPORTS.find((row) => row.iata === iata),
    direction,
    as_of: new Date(state.clock.now()).toISOString(),
    silent_sources: [],
    flights,
  };
}

function airports(state) {
  return AIRPORTS.map((row) => ({
    ...row,
    flights: [...state.flights.values()].filter((flight) =>
      [flight.departure.airport, flight.arrival.airport].includes(row.iata),
    ).length,
  }));
}

function stream(state, topics, response) {
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' });
  const send = (frame) => response.write(`event: ${frame.type}\ndata: ${JSON.stringify(frame)}\n\n`);
  send(hello(state));
  if (state.warning) send(state.warning);
  for (const topic of topics) send(state.snapshot(topic));
  const ping = setInterval(() => send({ type: 'ping', clock: clockOf(state) }), PING_S * 1000);
  const listener = (frame, flight) => {
    if (topics.some((topic) => state.topicHas(topic, flight))) send(frame);
  };
  state.listeners.add(listener);
  state.warned.add(send);
  response.on('close', () => {
    state.listeners.delete(listener);
    state.warned.delete(send);
    clearInterval(ping);
  });
}

function file(dist, pathname, response) {
  const wanted = join(dist, normalize(pathname));
  const found =
    wanted.startsWith(dist) && existsSync(wanted) && statSync(wanted).isFile()
      ? wanted
      : join(dist, 'index.html');
  response.writeHead(200, { 'content-type': TYPES[extname(found)] ?? 'application/octet-stream' });
  createReadStream(found).pipe(response);
}
