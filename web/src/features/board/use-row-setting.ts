import type { RowSetting } from '@/features/board/board-row';
import { FRESH } from '@/lib/flight/trusted-status';
import { useLink } from '@/lib/services/use-link';
import { useNow } from '@/lib/services/use-now';
import type { BoardAge } from '@/lib/services/use-staleness';
import type { Direction } from '@/lib/store/topic-match';
import { DAY_STEP_MS } from '@/lib/time/zoned';
import { useMemo } from 'react';

const MINUTE_MS = 60_000;
/** While the connection is lost, rows update by the clock at this interval. Real time. */
const STALE_STEP_MS = 5_000;

/** The settings of rows. Stays the same object as long as possible, because a new one renders every row again. */
export function useRowSetting(
  direction: Direction,
  zone: string,
  age: BoardAge,
  hasDesks: boolean,
): RowSetting {
  const day_ms = useNow(DAY_STEP_MS);
  const isLost = age.real_ms > 0;
  const minute_ms = useNow(MINUTE_MS);
  // Arrivals depend on the sources of the departure airports.
  const hasSilentOrigins = useLink().silent.length > 0 && direction === 'arrivals';
  const now_ms = isLost || hasSilentOrigins ? minute_ms : 0;
  const real_ms = isLost ? Math.floor(age.real_ms / STALE_STEP_MS) * STALE_STEP_MS : 0;
  const operational_ms = isLost ? Math.floor(age.operational_ms / MINUTE_MS) * MINUTE_MS : 0;
  return useMemo(
    () => ({
      direction,
      zone,
      day_ms,
      now_ms,
      age: isLost ? { real_ms, operational_ms } : FRESH,
      hasDesks,
    }),
    [direction, zone, day_ms, now_ms, isLost, real_ms, operational_ms, hasDesks],
  );
}
