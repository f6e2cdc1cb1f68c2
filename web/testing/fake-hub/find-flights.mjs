/** Finds flights as the hub's `q=` does, as far as the page's search needs it: numbers, routes, airlines, places. */
import { AIRLINES, AIRPORTS } from './places.mjs';

const airport = (iata) => AIRPORTS.find((row) => row.iata === iata) ?? { iata, city: iata, name: iata };
const airline = (code) => AIRLINES.find((row) => row.code === code) ?? { code, icao: null, name: code };
const wordsOf = (text) =>
  text
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter(Boolean);
const begins = (texts, word) => texts.some((text) => wordsOf(text).some((one) => one.startsWith(word)));

function fits(flight, q) {
  const { icao, name } = airline(flight.carrier);
  const joined = q.replace(/[^a-z0-9]/gi, '').toUpperCase();
  const numbers = [flight.carrier, icao].map((code) => `${code}${flight.number}`);
  if ([...numbers, ...flight.codeshares].includes(joined)) return true;
  const [, from, to] = /^(.*?)(?:\bto\b|-|→)(.*)$/i.exec(q) ?? [null, null, null];
  const ends = [flight.departure.airport, flight.arrival.airport].map((iata) => {
    const { city, name: airportName } = airport(iata);
    return [iata, city, airportName];
  });
  const all = (text, places) =>
    wordsOf(text).every((word) => word === flight.number || begins([...places, flight.carrier, name], word));
  if (from !== null && to.trim() !== '') return all(from, ends[0]) && all(to, ends[1]);
  return wordsOf(q).length > 0 && all(q, ends.flat());
}

export function findFlights(flights, params) {
  const q = params.get('q') ?? '';
  const from = params.get('from') ?? '';
  const found = flights
    .filter((flight) => fits(flight, q) && (flight.departure.estimated ?? flight.departure.scheduled) >= from)
    .sort((a, b) => (a.departure.scheduled < b.departure.scheduled ? -1 : 1));
  return { flights: found.slice(0, Number(params.get('limit') ?? 100)), next: null };
}
