import type { GetJson } from '@/lib/api/get-json';
import type { BuildWatch } from '@/lib/build/build-watch';
import type { OperationalClock } from '@/lib/clock/operational-clock';
import type { Timers } from '@/lib/clock/timers';
import type { Directory } from '@/lib/directory/directory';
import type { SocketClient } from '@/lib/socket/socket-client';
import type { FlightStore } from '@/lib/store/flight-store';
import { createContext, use } from 'react';

/** What every part of the page may use; tests hand in their own. */
export type Services = {
  socket: Pick<SocketClient, 'follow' | 'link' | 'subscribe' | 'retryNow'>;
  store: FlightStore;
  clock: OperationalClock;
  directory: Directory;
  builds: Pick<BuildWatch, 'isNew' | 'subscribe' | 'look' | 'take'>;
  timers: Timers;
  getJson: GetJson;
};

export const ServicesContext = createContext<Services | null>(null);

export function useServices(): Services {
  const services = use(ServicesContext);
  if (!services) throw new Error('This part of the page was drawn outside of ServicesContext.');
  return services;
}
