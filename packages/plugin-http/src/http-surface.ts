import type { AddressInfo } from 'node:net';
import {
  type Call,
  type GuardApi,
  type GuardError,
  guardError,
  messageOf,
  type PluginContext,
  type Surface,
} from '@praetorian-guard/core/plugin';
import type { HttpConfig } from './config.ts';
import { assemble, type Assembly } from './handler.ts';
import { inUrl } from './loopback.ts';

/** Requests under way get this long to end when the surface stops. */
const stopDeadlineMs = 5_000;

/** The guard's HTTP face: listens, serves, and lets go of everything when it stops. */
export class HttpSurface implements Surface {
  readonly #context: PluginContext<HttpConfig>;
  #running: Assembly | undefined;
  #stopping: Promise<void> = Promise.resolve();
  #url: string | undefined;
  /** Aborts when the surface stops, so that it leaves no listener on signals that live longer. */
  #left = new AbortController();

  constructor(context: PluginContext<HttpConfig>) {
    this.#context = context;
  }

  /**
   * @throws GUARD_CONFIG_INVALID when nobody could use it, or too many could.
   * @throws GUARD_HTTP_PORT_IN_USE
   * @throws GUARD_HTTP_LISTEN
   */
  async start(guard: GuardApi, call: Call): Promise<void> {
    if (this.#running) return;
    call.signal.throwIfAborted();
    const { config, clock, log } = this.#context;
    this.#left = new AbortController();
    const running = assemble(guard, config, { clock, log });
    this.#running = running;
    try {
      await running.app.listen({ host: config.host, port: config.port });
      call.signal.throwIfAborted();
    } catch (error) {
      await this.stop();
      throw call.signal.aborted ? error : listenError(error, config);
    }
    const { port } = running.app.server.address() as AddressInfo;
    const shownHost = config.host === '0.0.0.0' || config.host === '::' ? '127.0.0.1' : config.host;
    this.#url = config.publicUrl ?? `http://${inUrl(shownHost)}:${port}`;
    const leave = (): void => {
      this.stop().catch((error: unknown) =>
        log.error({ error: messageOf(error) }, 'the http surface did not stop cleanly'),
      );
    };
    const { signal } = this.#left;
    for (const end of [call.signal, this.#context.signal]) end.addEventListener('abort', leave, { once: true, signal });
    log.info({ url: this.#url, auth: config.auth }, 'serving http');
  }

  /** Ends the event streams, takes no new connection, and cuts what has not ended within five seconds. */
  stop(): Promise<void> {
    const running = this.#running;
    if (running) {
      this.#running = undefined;
      this.#url = undefined;
      this.#left.abort();
      this.#stopping = this.#end(running);
    }
    return this.#stopping;
  }

  async #end({ app, release }: Assembly): Promise<void> {
    const cut = this.#context.clock.after(stopDeadlineMs, () => app.server.closeAllConnections());
    try {
      release();
      await app.close();
    } finally {
      cut.dispose();
    }
  }

  url(): string | undefined {
    return this.#url;
  }
}

function listenError(error: unknown, { host, port }: HttpConfig): GuardError {
  const { code } = error as { readonly code?: string };
  const address = `${inUrl(host)}:${port}`;
  if (code === 'EADDRINUSE') return guardError('GUARD_HTTP_PORT_IN_USE', { address }, { cause: error });
  return guardError('GUARD_HTTP_LISTEN', { address, why: messageOf(error) }, { cause: error });
}
