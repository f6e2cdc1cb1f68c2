export type LinkPhase = 'connecting' | 'live' | 'reconnecting' | 'refused';

/** How the page stands with the hub. `lost_ms` is the real time at which the hub was last heard. */
export type Link = {
  phase: LinkPhase;
  lost_ms: number | null;
  message: string | null;
  via: 'websocket' | 'stream';
};
