import type { Connect } from '@/lib/socket/transport';

const SUBPROTOCOL = 'gatecall.v1';

/** The default transport: one WebSocket to the page's own origin. */
export function webSocketTransport(url: string): Connect {
  return (events) => {
    const socket = new WebSocket(url, SUBPROTOCOL);
    let deaf = false;
    socket.onopen = () => {
      if (!deaf) events.open();
    };
    socket.onmessage = (message: MessageEvent<unknown>) => {
      if (!deaf && typeof message.data === 'string') events.frame(message.data, null);
    };
    socket.onclose = (event) => {
      if (!deaf) events.close(event.code, event.reason);
      deaf = true;
    };
    return {
      send: (frame) => {
        if (socket.readyState === WebSocket.OPEN) socket.send(JSON.stringify(frame));
      },
      close: () => {
        deaf = true;
        socket.close();
      },
    };
  };
}
