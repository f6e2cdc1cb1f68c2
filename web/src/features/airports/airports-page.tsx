import { Icon } from '@/components/icon';
import { Notice } from '@/components/notice';
import { ReplayNote } from '@/components/replay-note';
import { SiteHeader } from '@/components/site-header';
import { SearchBox } from '@/features/airports/search-box';
import { type Hit, hitsOf } from '@/features/airports/search-hits';
import { FLIGHTS_MAX, isSearch, useFlightSearch } from '@/features/airports/use-flight-search';
import { matchAirports } from '@/features/airports/match-airports';
import styles from '@/features/airports/airports-page.module.css';
import { useServices } from '@/lib/services/services';
import { useDirectory } from '@/lib/services/use-directory';
import { useFreshDirectory } from '@/lib/services/use-fresh-directory';
import { useNow } from '@/lib/services/use-now';
import { timeOfDay, zoneAbbreviation } from '@/lib/time/zoned';
import type { AirportRow } from '@/wire/types';
import { useState } from 'react';
import { Link } from 'react-router';

/** The number of airports shown as cards; the rest are a list. */
const LARGE = 6;

/** Choose an airport. */
export function AirportsPage() {
  const { directory } = useServices();
  const view = useDirectory();
  useFreshDirectory();
  const [words, setWords] = useState('');
  const airports = [...view.airports.values()];
  const fitting = matchAirports(airports, words);
  const search = useFlightSearch(words);
  const isAsked = isSearch(words);
  const isAnswered = isAsked && search.text === words.trim();
  const hits = isAsked ? hitsOf(fitting, isAnswered ? search.flights : [], search.told) : [];
  // A text that matches no airport may match a flight.
  const found =
    fitting.length === 0 && (!isAnswered || hits.length > 0) ? matchAirports(airports, '') : fitting;
  return (
    <>
      <title>Gatecall</title>
      <SiteHeader />
      <main>
        <div className={`${styles['hero'] ?? ''} on-mast`}>
          <div className={styles['heroInner']}>
            <h1>Departures and arrivals, as they happen</h1>
            <p className={styles['day']}>
              <ReplayNote zone={matchAirports(airports, '')[0]?.zone ?? 'UTC'} />
            </p>
            <SearchBox
              words={words}
              onWords={setWords}
              hits={hits}
              isAnswered={!isAsked || isAnswered}
              said={isAnswered ? inWords(hits, search.problem) : ''}
            />
          </div>
        </div>
        <div id="content" className={styles['main']} tabIndex={-1}>
          {view.known && view.failure !== null ? (
            <p className={styles['old']}>
              Airports and numbers of flights may be out of date. {view.failure}
            </p>
          ) : null}
          {view.known && found.length > 0 ? (
            <>
              <ul className={styles['large']}>
                {found.slice(0, LARGE).map((airport) => (
                  <LargeAirport key={airport.iata} airport={airport} />
                ))}
              </ul>
              <ul className={styles['small']} aria-label="More airports">
                {found.slice(LARGE).map((airport) => (
                  <SmallAirport key={airport.iata} airport={airport} />
                ))}
              </ul>
            </>
          ) : view.known ? (
            <NothingFound words={words} problem={search.problem} />
          ) : view.failure !== null ? (
            <Notice
              title="The airports cannot be shown"
              actions={
                <button type="button" onClick={() => directory.refresh()}>
                  Try again
                </button>
              }
            >
              <p>{view.failure}</p>
            </Notice>
          ) : (
            <Notice title="Fetching the airports…" />
          )}
        </div>
      </main>
    </>
  );
}

function NothingFound({ words, problem }: { words: string; problem: string | null }) {
  if (words === '') return <Notice title="No airport has flights at the moment" />;
  if (problem !== null) {
    return (
      <Notice title="Flights cannot be searched at the moment">
        <p>{problem}</p>
      </Notice>
    );
  }
  return (
    <Notice title="No flight and no airport fits">
      <p>Try a number such as B6 703, a route such as JFK to SJU, an airline, or a city.</p>
    </Notice>
  );
}

/** The search result as text for screen readers. */
function inWords(hits: Hit[], problem: string | null): string {
  if (problem !== null) return 'Flights cannot be searched at the moment.';
  const count = (kind: Hit['kind'], word: string) => {
    const found = hits.filter((hit) => hit.kind === kind).length;
    if (found === 0) return [];
    const first = kind === 'flight' && found >= FLIGHTS_MAX ? 'the first ' : '';
    return [found === 1 ? `1 ${word}` : `${first}${found} ${word}s`];
  };
  const counts = [...count('airport', 'airport'), ...count('flight', 'flight')];
  return counts.length === 0 ? 'No flight and no airport fits.' : `Found: ${counts.join(' and ')}.`;
}

function LargeAirport({ airport }: { airport: AirportRow }) {
  const now_ms = useNow(60_000);
  return (
    <li className={styles['card']}>
      <div className={styles['cardTop']}>
        <span className={styles['iata']}>{airport.iata}</span>
        <span className={styles['time']}>
          {timeOfDay(now_ms, airport.zone)} {zoneAbbreviation(now_ms, airport.zone)}
        </span>
      </div>
      <h2>{airport.city}</h2>
      <p>
        {airport.name} · {airport.flights === 1 ? '1 flight' : `${airport.flights} flights`}
      </p>
      <div className={styles['ways']}>
        <Link
          to={`/board/${airport.iata}/departures`}
          aria-label={`Departures from ${airport.city} ${airport.iata}`}
        >
          <Icon name="departures" size="20px" /> Departures
        </Link>
        <Link
          to={`/board/${airport.iata}/arrivals`}
          aria-label={`Arrivals at ${airport.city} ${airport.iata}`}
        >
          <Icon name="arrivals" size="20px" /> Arrivals
        </Link>
      </div>
    </li>
  );
}

function SmallAirport({ airport }: { airport: AirportRow }) {
  return (
    <li className={styles['line']}>
      <span className={styles['lineCode']}>{airport.iata}</span>
      <span className={styles['lineCity']}>{airport.city}</span>
      <Link
        to={`/board/${airport.iata}/departures`}
        aria-label={`Departures from ${airport.city} ${airport.iata}`}
      >
        Departures
      </Link>
      <Link to={`/board/${airport.iata}/arrivals`} aria-label={`Arrivals at ${airport.city} ${airport.iata}`}>
        Arrivals
      </Link>
    </li>
  );
}
