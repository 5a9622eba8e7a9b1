import type { IncomingMessage, ServerResponse } from 'node:http';
import { type Clock, type GuardApi, guardError, type Logger } from '@praetorian-guard/core/plugin';
import { Ownership } from './access.ts';
import { checkConfig, completeConfig, type HttpConfig, type HttpOptions } from './config.ts';
import { EventHub } from './event-hub.ts';
import type { Parts } from './parts.ts';
import { toProblem } from './problem.ts';
import { createServer, type Server } from './server.ts';
import { Transfers } from './transfers.ts';
import { Usage } from './usage.ts';

/** Everything of the surface but the socket. */
export interface Assembly extends Server {
  readonly parts: Parts;
  /** Ends the event streams and lets go of the guard. */
  readonly release: () => void;
}

export interface Surroundings {
  readonly clock: Clock;
  readonly log: Logger;
}

export function assemble(guard: GuardApi, config: HttpConfig, { clock, log }: Surroundings): Assembly {
  checkConfig(config);
  if (config.auth === 'loopback-open') {
    log.warn(
      { host: config.host },
      'http.auth is "loopback-open": every process and every user of this machine may operate the guard without a token',
    );
  }
  const ownership = new Ownership(guard);
  const events = new EventHub(guard, {
    clock,
    log,
    heartbeatMs: config.sse.heartbeat,
    maxClients: config.sse.maxClients,
  });
  const transfers = new Transfers(config.limits.state);
  const parts: Parts = { guard, config, clock, log, ownership, events, transfers, usage: new Usage(clock) };
  const release = (): void => events.close();
  try {
    return { ...createServer(parts), parts, release };
  } catch (error) {
    release();
    throw error;
  }
}

/** Serves requests of a server that somebody else listens with. */
export interface HttpHandler {
  (request: IncomingMessage, response: ServerResponse): void;
  /** Ends the event streams and lets go of the guard; afterwards every request is answered with 503. */
  close(): Promise<void>;
}

/**
 * The surface as a plain request handler, for embedders with a server of their own:
 * `http.createServer(createHandler(guard, { tokens }, { clock, log }))`. Paths stand at the root.
 * @throws GUARD_CONFIG_INVALID
 */
export function createHandler(guard: GuardApi, options: HttpOptions, surroundings: Surroundings): HttpHandler {
  const { app, release } = assemble(guard, completeConfig(options), surroundings);
  let state: 'preparing' | 'ready' | 'closed' = 'preparing';
  let refused = 0;
  const ready = app.ready().then(() => void (state === 'preparing' && (state = 'ready')));
  const serve = (request: IncomingMessage, response: ServerResponse): void => {
    if (state === 'ready') app.routing(request, response);
    else if (state === 'closed') refuse(response, (refused += 1));
    else
      ready.then(
        () => serve(request, response),
        () => refuse(response, (refused += 1)),
      );
  };
  const close = async (): Promise<void> => {
    state = 'closed';
    release();
    await app.close();
  };
  return Object.assign(serve, { close });
}

function refuse(response: ServerResponse, number: number): void {
  const problem = toProblem(guardError('GUARD_NOT_RUNNING'), `urn:praetorian:request:refused-${number}`);
  response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '5', connection: 'close' });
  response.end(JSON.stringify(problem));
}
