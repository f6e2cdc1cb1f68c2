import styles from '@/features/flight/flight-page.module.css';
import { type ToldEntry, sourceInWords, tellHistory } from '@/features/flight/history-words';
import type { History } from '@/features/flight/use-history';
import type { ApiProblem } from '@/lib/api/api-problem';
import { useAirport } from '@/lib/services/use-directory';
import { useNow } from '@/lib/services/use-now';
import { DAY_STEP_MS, otherDay, timeWithSeconds, zoneAbbreviation } from '@/lib/time/zoned';
import type { Flight } from '@/wire/types';
import { useEffect, useMemo, useRef } from 'react';

/** What changed when. */
export function FlightHistory({ flight, history }: { flight: Flight; history: History }) {
  const { entries, problem, known, earlier } = history;
  const departure = useAirport(flight.departure.airport).zone;
  const arrival = useAirport(flight.arrival.airport).zone;
  const now_ms = useNow(DAY_STEP_MS);
  const told = useMemo(
    () => tellHistory(entries, { departure, arrival, now_ms }),
    [entries, departure, arrival, now_ms],
  );
  // The last "earlier" button disappears after its use: moves the focus to the heading.
  const heading = useRef<HTMLHeadingElement>(null);
  const asked = useRef(false);
  const isAtBeginning = known && earlier === null;
  useEffect(() => {
    if (isAtBeginning && asked.current) heading.current?.focus({ preventScroll: true });
    asked.current = false;
  }, [isAtBeginning]);
  const showEarlier = () => {
    asked.current = true;
    earlier?.();
  };
  return (
    <section className={styles['panel']} aria-label="History">
      <h2 ref={heading} tabIndex={-1}>
        What changed when
      </h2>
      {told.length > 0 ? (
        <ol className={styles['entries']} reversed>
          {told.map((one) => (
            <EntryRow key={one.entry.rev} told={one} zone={departure} now_ms={now_ms} />
          ))}
        </ol>
      ) : problem === null ? (
        <p className={styles['soft']}>
          {known ? 'Nothing has changed since it was scheduled.' : 'Fetching…'}
        </p>
      ) : null}
      {earlier === null ? null : (
        <button type="button" onClick={showEarlier}>
          Show earlier changes
        </button>
      )}
      {problem === null ? null : <p className={styles['soft']}>{problemInWords(problem, told.length > 0)}</p>}
    </section>
  );
}

function problemInWords(problem: ApiProblem, hasEntries: boolean): string {
  const lacking = hasEntries ? 'Some changes are missing here' : 'The history cannot be shown';
  const reason = problem.message.replace(/\.$/, '');
  return `${lacking}: ${reason}.${problem.isPassing ? ' It is asked for again.' : ''}`;
}

function EntryRow({ told, zone, now_ms }: { told: ToldEntry; zone: string; now_ms: number }) {
  const at_ms = Date.parse(told.entry.at);
  const day = otherDay(at_ms, now_ms, zone);
  return (
    <li>
      <time className={styles['when']} dateTime={told.entry.at}>
        {day === null ? null : <span>{day} </span>}
        {timeWithSeconds(at_ms, zone)} {zoneAbbreviation(at_ms, zone)}
      </time>
      <div className={styles['what']}>
        {told.lines.map((line) => (
          <span key={line.path}>
            {line.name}:{' '}
            {line.before === null ? null : (
              <>
                <s>
                  <span className="sr-only">was </span>
                  {line.before}
                </s>
                <span className="sr-only">, now</span>{' '}
              </>
            )}
            {line.after}
          </span>
        ))}
        {told.entry.source === null ? null : (
          <span className={styles['source']}>told by {sourceInWords(told.entry.source)}</span>
        )}
      </div>
    </li>
  );
}
