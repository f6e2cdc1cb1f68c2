import { Icon } from '@/components/icon';
import { Notice } from '@/components/notice';
import { ReplayNote } from '@/components/replay-note';
import { SiteHeader } from '@/components/site-header';
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

/** How many airports are shown large; the rest are a list. */
const LARGE = 6;

/** Choose an airport. */
export function AirportsPage() {
  const { directory } = useServices();
  const view = useDirectory();
  useFreshDirectory();
  const [words, setWords] = useState('');
  const airports = [...view.airports.values()];
  const found = matchAirports(airports, words);
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
            <form role="search" className={styles['search']} onSubmit={(event) => event.preventDefault()}>
              <Icon name="search" size="20px" />
              <input
                type="search"
                aria-label="Search airports"
                placeholder="City, airport or code"
                autoComplete="off"
                value={words}
                onChange={(event) => setWords(event.target.value)}
              />
            </form>
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
            <Notice title={words === '' ? 'No airport has flights at the moment' : 'No airport fits'} />
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
