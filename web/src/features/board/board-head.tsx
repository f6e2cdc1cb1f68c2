import type { BoardSort } from '@/features/board/board-query';
import styles from '@/features/board/board-table.module.css';
import type { Direction } from '@/lib/store/topic-match';

type Props = {
  direction: Direction;
  hasDesks: boolean;
  sort: BoardSort;
  onSort: (sort: BoardSort) => void;
};

/** The column names; three of them order the board. */
export function BoardHead({ direction, hasDesks, sort, onSort }: Props) {
  const isDeparture = direction === 'departures';
  const sorted = (by: BoardSort, words: string, className: string) => (
    <div role="columnheader" aria-sort={sort === by ? 'ascending' : 'none'} className={styles[className]}>
      <button type="button" className={styles['sort']} onClick={() => onSort(by)}>
        {words}
        <span aria-hidden="true" className={styles['sortMark']}>
          {sort === by ? '▴' : ''}
        </span>
      </button>
    </div>
  );
  return (
    <div role="rowgroup" className={styles['head']}>
      <div role="row" aria-rowindex={1} className={styles['headRow']}>
        {sorted('time', 'Time', 'time')}
        <div role="columnheader" className={styles['newTime']}>
          New time
        </div>
        {sorted('place', isDeparture ? 'To' : 'From', 'place')}
        {sorted('flight', 'Flight', 'flight')}
        <div role="columnheader" className={styles['terminal']}>
          <abbr title="Terminal">Term.</abbr>
        </div>
        <div role="columnheader" className={styles['gate']}>
          Gate
        </div>
        {hasDesks ? (
          <div role="columnheader" className={styles['desk']}>
            {isDeparture ? 'Check-in' : 'Belt'}
          </div>
        ) : null}
        <div role="columnheader" className={styles['status']}>
          Status
        </div>
      </div>
    </div>
  );
}
