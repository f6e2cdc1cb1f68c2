import { ChangeAnnouncer } from '@/components/change-announcer';
import { LinkBanner, LinkPill } from '@/components/link-state';
import { Notice } from '@/components/notice';
import { ReplayNote } from '@/components/replay-note';
import { SiteHeader } from '@/components/site-header';
import { FlightDetails } from '@/features/flight/flight-details';
import { FlightHead } from '@/features/flight/flight-head';
import { FlightHistory } from '@/features/flight/flight-history';
import { FLIGHT_NEWS_EVERY_MS, flightNews } from '@/features/flight/flight-news';
import styles from '@/features/flight/flight-page.module.css';
import { FlightRoute } from '@/features/flight/flight-route';
import { hadCheckIn } from '@/features/flight/history-entries';
import { ProgressLine } from '@/features/flight/progress-line';
import { useHistory } from '@/features/flight/use-history';
import { viewpointOf } from '@/features/flight/viewpoint';
import { flightName } from '@/lib/flight/flight-name';
import { hasLeft, trustedStatus } from '@/lib/flight/trusted-status';
import { useAirport } from '@/lib/services/use-directory';
import { useHeldFlight } from '@/lib/services/use-held-flight';
import { useLink } from '@/lib/services/use-link';
import { useNow } from '@/lib/services/use-now';
import { useStaleness } from '@/lib/services/use-staleness';
import { useTopic } from '@/lib/services/use-topic';
import type { HeldFlight } from '@/lib/store/held-flight';
import { flightTopic } from '@/lib/store/topic-match';
import type { TopicView } from '@/lib/store/topic-view';
import type { Flight } from '@/wire/types';
import { Link } from 'react-router';

/** One flight, with all that is known of it. */
export function FlightPage({ leg }: { leg: string }) {
  const view = useTopic(flightTopic(leg));
  const held = useHeldFlight(leg);
  if (held) return <Known held={held} view={view} />;
  const isUnknown = view.failure !== null || (view.known && view.behind_since_ms === null);
  return (
    <>
      <title>Flight · Gatecall</title>
      <SiteHeader />
      <main id="content" tabIndex={-1}>
        {isUnknown ? <Unknown /> : <Waiting />}
      </main>
    </>
  );
}

function Unknown() {
  const isInterrupted = useLink().away_since_ms !== null;
  return (
    <Notice level={1} title="This flight is not known" actions={<Link to="/">Choose an airport</Link>}>
      <p>
        Either no airport has told us of it, or it is long over and has been let go. If the address was typed
        by hand, look for the flight on its airport’s board.
      </p>
      {isInterrupted ? (
        <p>
          Live updates are interrupted at the moment: a flight that was announced only now may be missing.
        </p>
      ) : null}
    </Notice>
  );
}

/** No data yet; after a while this shows the reason. */
function Waiting() {
  const link = useLink();
  return (
    <Notice level={1} title="Fetching the flight…">
      {link.phase === 'live' ? null : <p>{link.message ?? 'Waiting for the hub.'}</p>}
    </Notice>
  );
}

function Known({ held, view }: { held: HeldFlight; view: TopicView }) {
  const { flight } = held;
  const from = useAirport(flight.departure.airport);
  const to = useAirport(flight.arrival.airport);
  const ages = {
    departures: useStaleness(view, [from.iata]),
    arrivals: useStaleness(view, arrivalSources(flight)),
  };
  const age = useStaleness(view, [from.iata, ...endsOf(flight)]);
  const now_ms = useNow(60_000);
  const history = useHistory(flight);
  const viewpoint = viewpointOf(flight);
  const isConfirmed = trustedStatus(flight, viewpoint, now_ms, ages[viewpoint]).note === null;
  return (
    <>
      <title>{`${flightName(flight)} ${from.iata} to ${to.iata} · Gatecall`}</title>
      <SiteHeader />
      <main>
        <FlightHead
          held={held}
          from={from}
          to={to}
          age={ages[viewpoint]}
          now_ms={now_ms}
          pill={
            <>
              <LinkPill age={age} zone={from.zone} />
              <ReplayNote zone={from.zone} />
            </>
          }
        />
        <LinkBanner age={age} zone={from.zone} />
        <div id="content" className={styles['main']} tabIndex={-1}>
          <ProgressLine flight={flight} isConfirmed={isConfirmed} hadCheckIn={hadCheckIn(history.entries)} />
          <FlightRoute held={held} from={from} to={to} ages={ages} now_ms={now_ms} />
          <div className={styles['columns']}>
            <FlightDetails held={held} isConfirmed={isConfirmed} />
            <FlightHistory flight={flight} history={history} />
          </div>
          <ChangeAnnouncer
            topic={flightTopic(flight.leg)}
            news={flightNews}
            every_ms={FLIGHT_NEWS_EVERY_MS}
          />
        </div>
      </main>
    </>
  );
}

/** The source of the arrival data: before departure, the departure airport. */
const arrivalSources = (flight: Flight): string[] =>
  hasLeft(flight) ? endsOf(flight) : [flight.departure.airport, ...endsOf(flight)];

/** Where the flight is to arrive, and where it goes instead. */
const endsOf = (flight: Flight): string[] =>
  flight.diverted_to === null ? [flight.arrival.airport] : [flight.arrival.airport, flight.diverted_to];
