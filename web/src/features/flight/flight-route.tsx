import { Changed } from '@/components/changed';
import { GateSign } from '@/components/gate-sign';
import { Icon } from '@/components/icon';
import styles from '@/features/flight/flight-route.module.css';
import { sideTimes, weightOf } from '@/lib/flight/flight-times';
import { type Staleness, trustedStatus } from '@/lib/flight/trusted-status';
import type { FlightField } from '@/lib/store/flight-fields';
import type { HeldFlight } from '@/lib/store/held-flight';
import type { Direction } from '@/lib/store/topic-match';
import { otherDay, shortDate, timeOfDay, zoneAbbreviation } from '@/lib/time/zoned';
import type { AirportRow } from '@/wire/types';
import type { ReactNode } from 'react';

type Props = {
  held: HeldFlight;
  from: AirportRow;
  to: AirportRow;
  /** The age of the data of each end, which have different sources. */
  ages: Record<Direction, Staleness>;
  now_ms: number;
};

/** Both ends of the flight, each in its airport's local time. */
export function FlightRoute({ held, from, to, ages, now_ms }: Props) {
  const { flight } = held;
  const isOver = flight.status === 'cancelled' || flight.departure.actual !== null;
  return (
    <div className={styles['route']}>
      <End held={held} direction="departures" airport={from} age={ages.departures} now_ms={now_ms}>
        <Fact name="Terminal" value={flight.departure.terminal} held={held} field="departure.terminal" />
        <Fact name="Check-in" value={flight.departure.check_in} held={held} field="departure.check_in" />
        <Fact
          name="Gate"
          value={flight.departure.gate}
          held={held}
          field="departure.gate"
          sign
          muted={isOver}
        />
      </End>
      <End held={held} direction="arrivals" airport={to} age={ages.arrivals} now_ms={now_ms}>
        <Fact name="Terminal" value={flight.arrival.terminal} held={held} field="arrival.terminal" />
        <Fact name="Gate" value={flight.arrival.gate} held={held} field="arrival.gate" sign muted />
        <Fact name="Baggage belt" value={flight.arrival.belt} held={held} field="arrival.belt" />
      </End>
    </div>
  );
}

type EndProps = {
  held: HeldFlight;
  direction: Direction;
  airport: AirportRow;
  age: Staleness;
  now_ms: number;
  children: ReactNode;
};

function End({ held, direction, airport, age, now_ms, children }: EndProps) {
  const isDeparture = direction === 'departures';
  const heading = isDeparture ? 'From' : 'To';
  return (
    <section className={styles['end']} aria-label={`${heading} ${airport.city}`}>
      <div className={styles['place']}>
        <span className={styles['icon']}>
          <Icon name={direction} size="26px" />
        </span>
        <div>
          <h2>
            <span className="sr-only">{heading} </span>
            {airport.city} <span className={styles['iata']}>{airport.iata}</span>
          </h2>
          <p>{airport.name === airport.iata ? null : airport.name}</p>
        </div>
      </div>
      <Times held={held} direction={direction} airport={airport} age={age} now_ms={now_ms} />
      <dl className={styles['facts']}>{children}</dl>
    </section>
  );
}

function Times({ held, direction, airport, age, now_ms }: Omit<EndProps, 'children'>) {
  const { flight, marks } = held;
  const { zone } = airport;
  const { scheduled, revised, actual, estimated, forecast } = sideTimes(flight, direction);
  const trusted = trustedStatus(flight, direction, now_ms, age);
  const isOff = flight.status === 'cancelled';
  const newer = isOff || !(trusted.showsEstimate || actual !== null) ? null : revised;
  const side = direction === 'departures' ? 'departure' : 'arrival';
  const at_ms = newer ?? scheduled;
  const verb = direction === 'departures' ? 'Left' : 'Arrived';
  if (at_ms === null) return <p className={styles['times']}>Time not known</p>;
  const isSlight = weightOf(flight, direction) === 'slight';
  const Old = isSlight ? 'span' : 's';
  const isForecast = actual === null && estimated === null && forecast !== null;
  const news = isForecast
    ? 'Expected about, from the delay at departure'
    : isSlight
      ? 'Expected'
      : 'New time';
  const kind = isOff ? 'Was scheduled' : actual !== null ? verb : newer === null ? 'Scheduled' : news;
  return (
    <div className={styles['times']}>
      <span className={styles['kind']}>{kind}</span>
      {newer !== null && scheduled !== null ? (
        <Old className={styles['old']}>
          <span className="sr-only">scheduled </span>
          <time dateTime={new Date(scheduled).toISOString()}>{timeOfDay(scheduled, zone)}</time>
        </Old>
      ) : null}
      <Changed
        on={
          marks.has(`${side}.estimated`) ||
          marks.has('arrival.forecast') ||
          marks.has(`${side}.actual`) ||
          marks.has(`${side}.scheduled`)
        }
      >
        <time
          className={isOff ? styles['off'] : styles['new']}
          data-weight={weightOf(flight, direction)}
          dateTime={new Date(at_ms).toISOString()}
        >
          {timeOfDay(at_ms, zone)}
        </time>
      </Changed>
      <span className={styles['zone']}>
        {zoneAbbreviation(at_ms, zone)}
        <span className={styles['date']}>
          {shortDate(at_ms, zone)}
          {scheduled !== null && otherDay(at_ms, scheduled, zone) !== null ? ', another day' : null}
        </span>
      </span>
    </div>
  );
}

type FactProps = {
  name: string;
  value: string | null;
  held: HeldFlight;
  field: FlightField;
  sign?: boolean;
  muted?: boolean;
};

function Fact({ name, value, held, field, sign = false, muted = false }: FactProps) {
  return (
    <div>
      <dt>{name}</dt>
      <dd>
        <Changed on={held.marks.has(field)}>
          {value === null ? (
            <span className={styles['none']}>not known yet</span>
          ) : sign ? (
            <GateSign gate={value} muted={muted} />
          ) : (
            value
          )}
        </Changed>
      </dd>
    </div>
  );
}
