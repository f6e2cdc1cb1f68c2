import { useServices } from '@/lib/services/services';
import type { Link } from '@/lib/socket/link';
import { useSyncExternalStore } from 'react';

export function useLink(): Link {
  const { socket } = useServices();
  return useSyncExternalStore(
    (tell) => socket.subscribe(tell),
    () => socket.link(),
  );
}
