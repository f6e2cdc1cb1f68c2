import type { Names } from '@/features/board/board-filter';
import type { Flight } from '@/wire/types';

/** One of the numbers a flight is sold under: its own, or a codeshare. */
type Designator = { carrier: string; number: string };

/** A designator of a codeshare: two characters or three letters, then the number. */
const DESIGNATOR = /^([A-Z]{3}|[A-Z0-9]{2})(\d+[A-Z]?)$/;

/** Normalises the typed text into words: without case, accents, punctuation and leading zeros. */
export function searchWords(text: string): string[] {
  return wordsOf(text.replace(/\bgate(?=\d)/gi, 'gate ')).map((word) =>
    word.replace(/^([a-z]?)0+(?=\d)/, '$1'),
  );
}

/** Whether the search matches one of the flight's numbers, rather than a place, an airline or a gate. */
export function isNamed(flight: Flight, words: string[], names: Names): boolean {
  return designatorsOf(flight).some(({ carrier, number }) =>
    words.some((word, index) => {
      if (!/\d/.test(word) || words[index - 1] === 'gate') return false;
      if (number.toLowerCase().startsWith(word)) return true;
      return codesOf(carrier, names).some(
        (code) => word.length > code.length && `${code}${number}`.toLowerCase().startsWith(word),
      );
    }),
  );
}

/**
 * Whether all words match one flight under one of its numbers. A number matches by its start, so that "615" does not
 * find B6 157; a place and an airline match by the start of any of their words.
 */
export function matchesSearch(
  flight: Flight,
  place: string,
  gate: string | null,
  words: string[],
  names: Names,
): boolean {
  const here = [...wordsOf(names.city(place)), ...wordsOf(place)];
  return designatorsOf(flight).some(({ carrier, number }) => {
    const known = [
      ...here,
      ...wordsOf(names.airline(carrier)),
      ...codesOf(carrier, names).map((code) => `${code}${number}`.toLowerCase()),
    ];
    return words.every((word, index) => {
      if (word === 'gate') return gate !== null;
      if (words[index - 1] === 'gate') return gate !== null && isGate(gate, word);
      if (/^\d/.test(word) && number.toLowerCase().startsWith(word)) return true;
      if (/^\d+$/.test(word)) return false;
      return known.some((one) => one.startsWith(word)) || (/\d/.test(word) && gateWord(gate) === word);
    });
  });
}

/** A gate as a search word: B07 becomes b7. */
const gateWord = (gate: string | null): string | null =>
  gate
    ?.toLowerCase()
    .replace(/[^a-z0-9]/g, '')
    .replace(/^([a-z]*)0+(?=\d)/, '$1') ?? null;

/** People in pier B often call gate B14 gate 14. */
const isGate = (gate: string, word: string): boolean =>
  gateWord(gate) === word || (/^\d/.test(word) && gateWord(gate)?.replace(/^[a-z]+/, '') === word);

/** JBU 615 and B6 615 are the same flight. */
const codesOf = (carrier: string, names: Names): string[] => {
  const icao = names.icao(carrier);
  return icao === null ? [carrier] : [carrier, icao];
};

function designatorsOf(flight: Flight): Designator[] {
  const shared = flight.codeshares.map((code) => {
    const [, carrier = '', number = code] = DESIGNATOR.exec(code) ?? [];
    return { carrier, number };
  });
  return [{ carrier: flight.carrier, number: `${flight.number}${flight.suffix ?? ''}` }, ...shared];
}

function wordsOf(text: string): string[] {
  return text
    .normalize('NFD')
    .replace(/[\p{M}'’.]/gu, '')
    .toLowerCase()
    .split(/[^\p{L}\p{N}]+/u)
    .filter(Boolean);
}
