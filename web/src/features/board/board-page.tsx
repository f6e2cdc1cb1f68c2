import { ChangeAnnouncer } from '@/components/change-announcer';
import { LinkBanner } from '@/components/link-state';
import { Notice } from '@/components/notice';
import { SiteHeader } from '@/components/site-header';
import { BOARD_NEWS, BOARD_NEWS_EVERY_MS } from '@/features/board/board-news';
import { BoardFilters } from '@/features/board/board-filters';
import { BoardMasthead } from '@/features/board/board-masthead';
import styles from '@/features/board/board-page.module.css';
import { type BoardQuery, readQuery, writeQuery } from '@/features/board/board-query';
import { BoardTable } from '@/features/board/board-table';
import { FlightCount } from '@/features/board/flight-count';
import { useBoard } from '@/features/board/use-board';
import { useRowSetting } from '@/features/board/use-row-setting';
import { useBoardAirport } from '@/lib/services/use-directory';
import { useStaleness } from '@/lib/services/use-staleness';
import { type Direction, boardTopic } from '@/lib/store/topic-match';
import { useMemo } from 'react';
import { Link, useSearchParams } from 'react-router';

type Props = { iata: string; direction: Direction };

/** The board of one airport and direction. */
export function BoardPage({ iata, direction }: Props) {
  const [params, setParams] = useSearchParams();
  const query = useMemo(() => readQuery(params), [params]);
  const list = useBoard(iata, direction, query);
  const airport = useBoardAirport(iata);
  const age = useStaleness(list.view, [iata]);
  const setting = useRowSetting(direction, airport.zone, age, list.hasDesks);
  const change = (part: Partial<BoardQuery>) =>
    setParams(writeQuery({ ...query, ...part }), { replace: true });
  const title = `${direction === 'departures' ? 'Departures' : 'Arrivals'} ${iata}`;
  return (
    <>
      <title>{`${title} · Gatecall`}</title>
      <SiteHeader />
      <main>
        <BoardMasthead
          airport={airport}
          direction={direction}
          age={list.view.failure === null ? age : null}
        />
        <LinkBanner age={age} zone={airport.zone} />
        <div id="content" className={styles['main']} tabIndex={-1}>
          {list.view.failure !== null ? (
            <Notice title="There is no such board" actions={<Link to="/">Choose an airport</Link>}>
              <p>{list.view.failure}</p>
            </Notice>
          ) : (
            <>
              <BoardFilters direction={direction} query={query} list={list} onChange={change} />
              <FlightCount
                query={query}
                known={list.view.known}
                shown={list.legs.length}
                hidden={list.hidden}
              />
              {list.legs.length > 0 ? (
                <BoardTable
                  legs={list.legs}
                  overdue={list.overdue}
                  setting={setting}
                  label={title}
                  sort={query.sort}
                  onSort={(sort) => change({ sort })}
                />
              ) : list.view.known ? (
                <NothingHere
                  hidden={list.hidden}
                  onWholeDay={
                    query.q === '' || query.window === 'all' ? null : () => change({ window: 'all' })
                  }
                  onShowAll={() => setParams({ window: 'all' }, { replace: true })}
                />
              ) : null}
              <ChangeAnnouncer
                topic={boardTopic(iata, direction)}
                news={BOARD_NEWS[direction]}
                every_ms={BOARD_NEWS_EVERY_MS}
              />
            </>
          )}
        </div>
      </main>
    </>
  );
}

type NothingHereProps = { hidden: number; onWholeDay: (() => void) | null; onShowAll: () => void };

/** The searched flight may have left already, or leave much later. */
function NothingHere({ hidden, onWholeDay, onShowAll }: NothingHereProps) {
  if (hidden === 0) return <Notice title="No flights are known for this board" />;
  return (
    <Notice
      title="No flight fits"
      actions={
        <>
          {onWholeDay === null ? null : (
            <button type="button" onClick={onWholeDay}>
              Search the whole day
            </button>
          )}
          <button type="button" onClick={onShowAll}>
            Show all {hidden} flights
          </button>
        </>
      }
    >
      <p>Search and filters leave nothing to show.</p>
    </Notice>
  );
}
