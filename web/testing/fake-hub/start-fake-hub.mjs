import { blizzard } from './blizzard.mjs';
import { HubState } from './hub-state.mjs';
import { serve } from './hub-server.mjs';
import { openapi } from './openapi.mjs';

/** Starts a fake hub; port 0 takes a free one. Returns its port, its state to change, and how to cut it off. */
export async function startFakeHub({
  port = 0,
  dist,
  start = '2013-02-08T15:04:00-05:00',
  speed = 1,
  each = 150,
  epoch = 'e1',
}) {
  const began_ms = Date.now();
  const clock = { speed, now: () => Date.parse(start) + (Date.now() - began_ms) * speed };
  const state = new HubState(blizzard(Date.parse(start), each), clock, epoch);
  const doors = await serve(state, { port, dist, openapi });
  return { ...doors, state };
}
