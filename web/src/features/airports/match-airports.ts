import type { AirportRow } from '@/wire/types';

/** Airports whose code, city or name contains all the words; an exact code first, then by number of flights. */
export function matchAirports(airports: AirportRow[], text: string): AirportRow[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const code = text.trim().toUpperCase();
  return airports
    .filter((airport) => {
      const all = `${airport.iata} ${airport.city} ${airport.name} ${airport.country}`.toLowerCase();
      return words.every((word) => all.includes(word));
    })
    .sort(
      (a, b) =>
        Number(b.iata === code) - Number(a.iata === code) ||
        b.flights - a.flights ||
        a.city.localeCompare(b.city),
    );
}
