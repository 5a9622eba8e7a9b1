import { connect } from 'node:net';
import type { ProbeAnswer } from './prober.ts';

export interface TcpAddress {
  readonly host: string;
  readonly family: 4 | 6;
  readonly port: number;
}

/**
 * Whether the address takes a connection, which is let go at once; nothing is sent. Rejects when it does not, or when
 * the signal aborts; leaves no socket behind.
 */
export function connects({
  signal,
  ...address
}: TcpAddress & { readonly signal: AbortSignal }): Promise<Omit<ProbeAnswer, 'latencyMs'>> {
  return new Promise((resolve, reject) => {
    const socket = connect(address);
    const onAbort = (): void => {
      socket.destroy(signal.reason instanceof Error ? signal.reason : undefined);
    };
    const release = (): void => signal.removeEventListener('abort', onAbort);
    socket.once('connect', () => {
      release();
      // Reset instead of closed in order: the port is free again at once, and the peer's late answer disturbs nobody.
      socket.resetAndDestroy();
      resolve({ outcome: 'up' });
    });
    socket.once('error', (error) => {
      release();
      reject(error);
    });
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}
