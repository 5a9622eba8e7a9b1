import type { IncomingMessage, ServerResponse } from 'node:http';

/**
 * Calls `ended` once: when the answer is out, or when the connection is gone before it. An answer that waits behind
 * another one on its connection does not hear of the end of that by itself; one whose end was before this call neither.
 */
export function whenOver({ socket }: IncomingMessage, response: ServerResponse, ended: () => void): void {
  if (response.closed || socket.destroyed) return ended();
  const over = (): void => {
    response.off('close', over);
    socket.off('close', over);
    ended();
  };
  response.once('close', over);
  socket.once('close', over);
}
