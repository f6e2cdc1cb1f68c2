import { useServices } from '@/lib/services/services';
import type { TopicView } from '@/lib/store/topic-view';
import { useCallback, useEffect, useSyncExternalStore } from 'react';

/** Follows a topic as long as the component is there. */
export function useTopic(topic: string): TopicView {
  const { socket, store } = useServices();
  useEffect(() => socket.follow(topic), [socket, topic]);
  const subscribe = useCallback((tell: () => void) => store.subscribeTopic(topic, tell), [store, topic]);
  return useSyncExternalStore(subscribe, () => store.topic(topic));
}
