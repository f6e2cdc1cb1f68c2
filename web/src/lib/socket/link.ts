import type { SilentSource } from '@/lib/socket/silent-sources';

export type LinkPhase = 'connecting' | 'live' | 'reconnecting' | 'refused';

/** The state of the connection to the hub. `lost_ms` is the real time of the hub's last frame. */
export type Link = {
  phase: LinkPhase;
  lost_ms: number | null;
  message: string | null;
  via: 'websocket' | 'stream';
  /**
   * The operational instant since which the hub itself gets no changes; null while it does. Kept when the
   * connection is lost, because the data is still that old, and reset at the next hello.
   */
  away_since_ms: number | null;
  /** The silent sources. Kept and reset likewise. */
  silent: readonly SilentSource[];
};
