import type { SilentSource } from '@/lib/socket/silent-sources';

export type LinkPhase = 'connecting' | 'live' | 'reconnecting' | 'refused';

/** How the page stands with the hub. `lost_ms` is the real time at which the hub was last heard. */
export type Link = {
  phase: LinkPhase;
  lost_ms: number | null;
  message: string | null;
  via: 'websocket' | 'stream';
  /**
   * The operational instant since which the hub itself hears of no changes; null while it does. Kept when
   * the link is lost, as what is shown is then still no younger, and forgotten at the next hello.
   */
  away_since_ms: number | null;
  /** The sources that the hub does not hear. Kept and forgotten likewise. */
  silent: readonly SilentSource[];
};
