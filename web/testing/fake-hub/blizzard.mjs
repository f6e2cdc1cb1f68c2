/**
 * A made-up afternoon in the manner of New York, 8 February 2013: a blizzard from noon on, most flights after
 * three o'clock cancelled, the rest late. Seeded, so that two runs show the same board.
 */
import { AIRLINES, AIRPORTS, PARTNERS, TERMINALS } from './places.mjs';

const MINUTE_MS = 60_000;
const HOMES = ['JFK', 'LGA', 'EWR'];

export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state * 1664525 + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

export const iso = (at_ms) => new Date(Math.round(at_ms / 1000) * 1000).toISOString().replace('.000Z', 'Z');

/** All flights of the day as they are known at `now_ms`. `each` is how many leave and come per airport. */
export function blizzard(now_ms, each = 150, seed = 8) {
  const random = seeded(seed);
  const day_ms = Date.parse('2013-02-08T05:00:00Z');
  const flights = [];
  for (const home of HOMES) {
    for (let index = 0; index < each * 2; index += 1) {
      const outbound = index % 2 === 0;
      flights.push(makeFlight(random, home, outbound, day_ms, now_ms));
    }
  }
  const byLeg = new Map(flights.map((flight) => [flight.leg, flight]));
  return [...byLeg.values()];
}

function makeFlight(random, home, outbound, day_ms, now_ms) {
  const pick = (list) => list[Math.floor(random() * list.length)];
  const others = AIRPORTS.filter((airport) => !HOMES.includes(airport.iata));
  const other = pick(others).iata;
  const carrier = home === 'JFK' && random() < 0.4 ? 'B6' : pick(AIRLINES).code;
  const number = String(1 + Math.floor(random() * 2200));
  const std = day_ms + (360 + Math.floor((random() * 1080) / 5) * 5) * MINUTE_MS;
  const sta = std + (70 + Math.floor(random() * 290)) * MINUTE_MS;
  const [from, to] = outbound ? [home, other] : [other, home];
  const flight = {
    leg: `${carrier}-${number}-20130208-${from}-${to}`,
    rev: 3 + Math.floor(random() * 14),
    changed_at: iso(now_ms - random() * 3 * 3_600_000),
    carrier,
    number,
    suffix: null,
    codeshares: (PARTNERS[carrier] ?? [])
      .slice(0, Math.floor(random() * 3))
      .map((code) => `${code}${5000 + Math.floor(random() * 900)}`),
    origin_date: '2013-02-08',
    status: 'scheduled',
    delayed: false,
    doubtful: [],
    departure: {
      airport: from,
      terminal: outbound ? (TERMINALS[carrier] ?? '4') : null,
      gate: null,
      check_in: null,
      scheduled: iso(std),
      estimated: null,
      actual: null,
    },
    arrival: {
      airport: to,
      terminal: outbound ? null : (TERMINALS[carrier] ?? '4'),
      gate: null,
      belt: null,
      scheduled: iso(sta),
      estimated: null,
      forecast: null,
      actual: null,
    },
    remark: null,
    delay_reason: null,
    aircraft: {
      type: pick(['A320', 'E190', 'B738', 'CRJ9', 'B752']),
      registration: `N${500 + Math.floor(random() * 400)}JB`,
    },
    diverted_to: null,
  };
  live(flight, random, std, sta, outbound, now_ms, day_ms);
  return flight;
}

/** What has become of it by now. */
function live(flight, random, std, sta, outbound, now_ms, day_ms) {
  const storm_ms = day_ms + 14.5 * 60 * MINUTE_MS;
  const chance = random();
  const side = outbound ? flight.departure : flight.arrival;
  const here = outbound ? std : sta;
  if (here < now_ms + 150 * MINUTE_MS) side.gate = `${1 + Math.floor(random() * 30)}`;
  if (std > storm_ms ? chance < 0.62 : chance < 0.12) {
    flight.status = 'cancelled';
    flight.delay_reason = 'weather';
    return;
  }
  const late = chance > 0.55 ? Math.floor((random() * 100) ** 1.1) * MINUTE_MS : 0;
  const off = std + late;
  const on = sta + late - 6 * MINUTE_MS;
  if (late > 0) flight.departure.estimated = iso(off);
  if (late > 0) flight.arrival.estimated = iso(on);
  if (late >= 15 * MINUTE_MS) flight.delay_reason = random() < 0.7 ? 'weather' : 'late inbound aircraft';
  progress(flight, off, on, now_ms, random);
}

function progress(flight, off, on, now_ms, random) {
  const before = (off - now_ms) / MINUTE_MS;
  if (now_ms >= on + 12 * MINUTE_MS) flight.status = 'bags_on_belt';
  else if (now_ms >= on) flight.status = 'arrived';
  else if (now_ms >= on - 7 * MINUTE_MS) flight.status = 'landed';
  else if (now_ms >= off + 12 * MINUTE_MS) flight.status = 'airborne';
  else if (now_ms >= off) flight.status = 'departed';
  else if (before < 8) flight.status = 'gate_closed';
  else if (before < 16) flight.status = 'final_call';
  else if (before < 36) flight.status = 'boarding';
  else if (before < 50) flight.status = 'gate_open';
  else if (flight.delay_reason !== null) flight.status = 'delayed';
  else if (before < 150) flight.status = 'check_in';
  if (now_ms >= off) flight.departure.actual = iso(off);
  if (now_ms >= on) {
    flight.arrival.actual = iso(on);
    flight.arrival.belt = String(1 + Math.floor(random() * 9));
  }
  if (flight.status === 'airborne' && random() < 0.012) {
    flight.status = 'diverted';
    flight.diverted_to = 'BUF';
  }
}
