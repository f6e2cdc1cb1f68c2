import { StatusBadge } from '@/components/status-badge';
import styles from '@/features/airports/search-box.module.css';
import type { Hit } from '@/features/airports/search-hits';
import { codeshareName, flightName } from '@/lib/flight/flight-name';
import { boardTime, sideTimes, weightOf } from '@/lib/flight/flight-times';
import { trustedStatus } from '@/lib/flight/trusted-status';
import { useServices } from '@/lib/services/services';
import { useAirport } from '@/lib/services/use-directory';
import { useNow } from '@/lib/services/use-now';
import { silentFor } from '@/lib/socket/silent-sources';
import { timeWithZone } from '@/lib/time/zoned';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

type OptionProps<Kind extends Hit['kind']> = {
  id: string;
  isChosen: boolean;
  hit: Extract<Hit, { kind: Kind }>;
};

export function AirportOption({ hit, ...option }: OptionProps<'airport'>) {
  const { iata, city, name } = hit.airport;
  return (
    <Option {...option} to={hit.to}>
      <span className={styles['code']}>{iata}</span>
      <span className={styles['what']}>
        {city}
        <span className={styles['more']}>{name}</span>
      </span>
    </Option>
  );
}

const MINUTE_MS = 60_000;

/** A flight from its origin's view: number, route, time and status. */
export function FlightOption({ hit, ...option }: OptionProps<'flight'>) {
  const { flight, told } = hit;
  const { clock } = useServices();
  const from = useAirport(flight.departure.airport);
  const to = useAirport(flight.arrival.airport);
  const now_ms = useNow(MINUTE_MS);
  const at_ms = boardTime(flight, 'departures');
  // A response is true at one moment: it ages while it is shown, with or without a connection.
  const [longest] = silentFor(told.silent, [flight.departure.airport]);
  const operational_ms = Math.max(0, now_ms - Math.min(told.asOf_ms, longest?.since_ms ?? Infinity));
  const age = { operational_ms, real_ms: operational_ms / clock.speed() };
  const { words, tone } = trustedStatus(flight, 'departures', now_ms, age);
  const { revised } = sideTimes(flight, 'departures');
  const newer_ms = weightOf(flight, 'departures') === 'slight' ? null : revised;
  const planned = at_ms === null ? 'time not known' : timeWithZone(at_ms, now_ms, from.zone);
  const isMoved = newer_ms !== null && at_ms !== null && newer_ms !== at_ms;
  const when = isMoved ? `${timeWithZone(newer_ms, now_ms, from.zone)}, planned ${planned}` : planned;
  const numbers = flight.codeshares.map(codeshareName);
  return (
    <Option {...option} to={hit.to}>
      <span className={styles['code']}>{flightName(flight)}</span>
      <span className={styles['what']}>
        {from.city} {from.iata} to {to.city} {to.iata}
        <span className={styles['more']}>
          {when}
          {numbers.length === 0 ? null : `, also sold as ${numbers.join(', ')}`}
        </span>
      </span>
      <span className={styles['status']}>
        <StatusBadge words={words} tone={tone} />
      </span>
    </Option>
  );
}

type Props = { id: string; isChosen: boolean; to: string; children: ReactNode };

/** A link as well, so that it can be opened in another tab. */
function Option({ id, isChosen, to, children }: Props) {
  return (
    <Link
      id={id}
      role="option"
      aria-selected={isChosen}
      tabIndex={-1}
      to={to}
      className={styles['option']}
      ref={(option) => {
        if (isChosen) option?.scrollIntoView({ block: 'nearest' });
      }}
    >
      {children}
    </Link>
  );
}
