/**
 * A hub for developing the page without a hub: `npm run fake-hub`, then `npm run dev`.
 * PORT (5000), CLOCK (2013-02-08T15:04:00-05:00), SPEED (1), EACH (150 flights each way per airport).
 */
import { fileURLToPath } from 'node:url';
import { seeded } from './blizzard.mjs';
import { startFakeHub } from './start-fake-hub.mjs';

const { PORT = '5000', CLOCK, SPEED = '1', EACH = '150' } = process.env;
const dist = fileURLToPath(new URL('../../dist', import.meta.url));
const hub = await startFakeHub({
  port: Number(PORT),
  dist,
  start: CLOCK,
  speed: Number(SPEED),
  each: Number(EACH),
});
process.stdout.write(`fake hub at http://127.0.0.1:${hub.port}\n`);

const random = seeded(Date.now());
setInterval(() => {
  const open = [...hub.state.flights.values()].filter(
    (flight) => !['cancelled', 'arrived', 'bags_on_belt'].includes(flight.status),
  );
  const flight = open[Math.floor(random() * open.length)];
  if (random() < 0.6)
    hub.state.change(flight.leg, ['gate'], { 'departure.gate': String(1 + Math.floor(random() * 40)) });
  else hub.state.change(flight.leg, ['cancelled'], { status: 'cancelled', delay_reason: 'weather' });
}, 900);
