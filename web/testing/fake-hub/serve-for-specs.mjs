/**
 * Stands in for `gatecall serve` in the browser specs: PORT, CLOCK, and DATA, a file that outlives a kill.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { startFakeHub } from './start-fake-hub.mjs';

const { PORT = '0', CLOCK, DATA = '' } = process.env;
const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const hub = await startFakeHub({ port: Number(PORT), dist, start: CLOCK, each: 0 });
if (existsSync(DATA)) {
  for (const flight of JSON.parse(readFileSync(DATA, 'utf8'))) hub.state.flights.set(flight.leg, flight);
}
hub.state.listeners.add(() => writeFileSync(DATA, JSON.stringify([...hub.state.flights.values()])));
