import { Changed } from '@/components/changed';
import styles from '@/features/flight/flight-page.module.css';
import { codeshareName } from '@/lib/flight/flight-name';
import { useDirectory } from '@/lib/services/use-directory';
import type { HeldFlight } from '@/lib/store/held-flight';
import type { ReactNode } from 'react';

type Props = { held: HeldFlight; isConfirmed: boolean };

/** Further details. A remark and a reason are as old as the status, and disappear with it. */
export function FlightDetails({ held, isConfirmed }: Props) {
  const { flight, marks } = held;
  const directory = useDirectory();
  const airline = (code: string) => directory.airlines.get(code) ?? code;
  return (
    <section className={styles['panel']} aria-label="Details">
      <h2>Details</h2>
      <dl className={styles['details']}>
        <Detail name="Airline">{airline(flight.carrier)}</Detail>
        <Detail name="Also sold as">
          {flight.codeshares.length === 0
            ? null
            : flight.codeshares.map((code) => soldAs(code, directory.airlines)).join(', ')}
        </Detail>
        <Detail name="Aircraft">
          {flight.aircraft.type === null ? null : (
            <Changed on={marks.has('aircraft.type')}>{flight.aircraft.type}</Changed>
          )}
        </Detail>
        <Detail name="Registration">
          {flight.aircraft.registration === null ? null : (
            <Changed on={marks.has('aircraft.registration')}>{flight.aircraft.registration}</Changed>
          )}
        </Detail>
        <Detail name="Reason for the delay">
          {flight.delay_reason === null || !isConfirmed ? null : (
            <Changed on={marks.has('delay_reason')}>{flight.delay_reason.replaceAll('_', ' ')}</Changed>
          )}
        </Detail>
        <Detail name="Remark of the airport">
          {flight.remark === null || !isConfirmed ? null : (
            <Changed on={marks.has('remark')}>{flight.remark}</Changed>
          )}
        </Detail>
      </dl>
    </section>
  );
}

function soldAs(code: string, airlines: ReadonlyMap<string, string>): string {
  const airline = airlines.get(code.slice(0, 2));
  return airline === undefined ? codeshareName(code) : `${codeshareName(code)} (${airline})`;
}

function Detail({ name, children }: { name: string; children: ReactNode }) {
  if (children === null) return null;
  return (
    <div>
      <dt>{name}</dt>
      <dd>{children}</dd>
    </div>
  );
}
