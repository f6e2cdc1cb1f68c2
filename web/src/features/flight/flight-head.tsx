import { Changed } from '@/components/changed';
import { Icon } from '@/components/icon';
import { StatusBadge } from '@/components/status-badge';
import styles from '@/features/flight/flight-head.module.css';
import { codeshareName, flightName } from '@/lib/flight/flight-name';
import { type Staleness, trustedStatus } from '@/lib/flight/trusted-status';
import { viewpointOf } from '@/features/flight/viewpoint';
import { useDirectory } from '@/lib/services/use-directory';
import type { HeldFlight } from '@/lib/store/held-flight';
import type { AirportRow } from '@/wire/types';
import type { ReactNode } from 'react';
import { Link } from 'react-router';

type Props = {
  held: HeldFlight;
  from: AirportRow;
  to: AirportRow;
  age: Staleness;
  now_ms: number;
  pill: ReactNode;
};

/** The flight's number, route and status. */
export function FlightHead({ held, from, to, age, now_ms, pill }: Props) {
  const { flight, marks } = held;
  const directory = useDirectory();
  const airline = directory.airlines.get(flight.carrier);
  const status = trustedStatus(flight, viewpointOf(flight), now_ms, age);
  const detail = [status.delay, status.note ?? flight.remark].filter((part) => part !== null).join(' · ');
  return (
    <div className={`${styles['head'] ?? ''} on-mast`}>
      <div className={styles['inner']}>
        <nav className={styles['back']} aria-label="Boards of this flight">
          <Link to={`/board/${from.iata}/departures`}>
            <Icon name="back" /> Departures {from.iata}
          </Link>
          <Link to={`/board/${to.iata}/arrivals`}>Arrivals {to.iata}</Link>
        </nav>
        <div className={styles['row']}>
          <div>
            <h1>
              {flightName(flight)}
              <span className={styles['route']}>
                {from.city} to {to.city}
              </span>
            </h1>
            <p className={styles['names']}>
              {airline === undefined ? null : `Operated by ${airline}`}
              {flight.codeshares.length === 0 ? null : (
                <Changed on={marks.has('codeshares')}>
                  {airline === undefined ? 'Also sold as ' : ', also sold as '}
                  {flight.codeshares.map(codeshareName).join(', ')}
                </Changed>
              )}
            </p>
          </div>
          <div className={styles['status']} role="status">
            <span className={styles['badge']}>
              <Changed on={marks.has('status') || marks.has('diverted_to')}>
                <StatusBadge words={status.words} tone={status.tone} />
              </Changed>
            </span>
            {detail === '' ? null : <p>{detail}</p>}
          </div>
        </div>
        <div className={styles['link']}>{pill}</div>
      </div>
    </div>
  );
}
