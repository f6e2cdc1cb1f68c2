import { AirportClock } from '@/components/airport-clock';
import { Icon } from '@/components/icon';
import { LinkPill } from '@/components/link-state';
import styles from '@/features/board/board-masthead.module.css';
import type { BoardAge } from '@/lib/services/use-staleness';
import type { Direction } from '@/lib/store/topic-match';
import type { AirportRow } from '@/wire/types';
import { Link, NavLink } from 'react-router';

type Props = { airport: AirportRow; direction: Direction; age: BoardAge | null };

/** The board's name, its local time and the age of its data; null if the board does not exist. */
export function BoardMasthead({ airport, direction, age }: Props) {
  return (
    <div className={`${styles['masthead'] ?? ''} on-mast`}>
      <div className={styles['inner']}>
        <span className={styles['sign']}>
          <Icon name={direction} size="100%" />
        </span>
        <div className={styles['title']}>
          <h1>{direction === 'departures' ? 'Departures' : 'Arrivals'}</h1>
          <p>
            <span className={styles['iata']}>{airport.iata}</span>
            {airport.city === airport.iata ? null : airport.city}
            {airport.name === airport.iata ? null : <span className={styles['name']}>, {airport.name}</span>}
          </p>
        </div>
        {age === null ? null : <AirportClock zone={airport.zone} />}
      </div>
      <div className={styles['bar']}>
        <nav className={styles['tabs']} aria-label="Boards of this airport">
          <NavLink to={`/board/${airport.iata}/departures`}>Departures</NavLink>
          <NavLink to={`/board/${airport.iata}/arrivals`}>Arrivals</NavLink>
        </nav>
        <Link className={styles['screen']} to={`/display/${airport.iata}/${direction}`}>
          <Icon name="screen" /> Screen view
        </Link>
        {age === null ? null : <LinkPill age={age} zone={airport.zone} />}
      </div>
    </div>
  );
}
