import {
  Agent as HttpAgent,
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Clock } from '../contracts/index.ts';
import { isGuardError, messageOf } from '../contracts/index.ts';
import { formatDuration, type Ms } from '../model/index.ts';
import { withDeadline } from '../runtime/deadline.ts';
import type { CheckedEndpoint, EndpointPolicy } from './endpoint-policy.ts';
import { readAnswer } from './probe-answer.ts';
import type { ProbeAnswer, Prober, ProbeRequest } from './prober.ts';

/** Most bytes read of an answer. */
const bodyMax = 64 * 1024;

/** Idle connections are let go after this; agents commonly close theirs after 5 s. */
const idleMs = 4_000;

/** Errors that say something about the guard's machine, not about the agent. */
const ownFaults = new Set([
  'EMFILE',
  'ENFILE',
  'ENOBUFS',
  'ENOMEM',
  'EAI_AGAIN',
  'ENETUNREACH',
  'ENETDOWN',
  'EADDRNOTAVAIL',
  'EACCES',
  'EPERM',
]);

const told: { readonly [code: string]: string } = {
  ECONNREFUSED: 'connection refused',
  ECONNRESET: 'connection reset',
  EHOSTUNREACH: 'host unreachable',
  ENOTFOUND: 'the name does not exist',
  ETIMEDOUT: 'connection timed out',
};

export interface HttpProberOptions {
  readonly clock: Clock;
  readonly policy: EndpointPolicy;
}

/**
 * Asks agents over HTTP: one GET to the very address that was checked, no redirect, no proxy, an answer of at most
 * 64 KiB, and a timeout over all of it. Connections are kept for the next question.
 */
export class HttpProber implements Prober {
  readonly #clock: Clock;
  readonly #policy: EndpointPolicy;
  readonly #http = new HttpAgent({ keepAlive: true, timeout: idleMs, maxFreeSockets: 256, scheduling: 'lifo' });
  readonly #https = new HttpsAgent({ keepAlive: true, timeout: idleMs, maxFreeSockets: 256, scheduling: 'lifo' });

  constructor({ clock, policy }: HttpProberOptions) {
    this.#clock = clock;
    this.#policy = policy;
  }

  async probe(request: ProbeRequest, signal: AbortSignal): Promise<ProbeAnswer> {
    const startMs = this.#clock.monotonic();
    const what = { what: `The probe of agent ${request.agentId}`, signal };
    const asked = withDeadline(this.#clock, (stop) => this.#ask(request, stop), request.timeoutMs, what);
    const parts = await asked.catch((error: unknown) => {
      if (isGuardError(error, 'GUARD_DEADLINE')) return noAnswer(request.timeoutMs);
      if (signal.aborted) return { outcome: 'unknown' as const, detail: 'the guard broke off' };
      return failureOf(error);
    });
    return { ...parts, latencyMs: this.#clock.monotonic() - startMs };
  }

  close(): void {
    this.#http.destroy();
    this.#https.destroy();
  }

  async #ask(request: ProbeRequest, signal: AbortSignal): Promise<Omit<ProbeAnswer, 'latencyMs'>> {
    const checked = await this.#policy.check(request.agentId, request.at);
    const options = this.#optionsFor(checked, request.path);
    const send = (): Promise<Answer> =>
      exchange(checked.url.protocol === 'https:' ? httpsRequest : httpRequest, options, signal);
    const { statusCode, body, tooLarge } = await send().catch((error: unknown) => {
      // The agent closed an idle connection just as it was used again: that says nothing of the agent.
      if (!isStaleSocket(error) || signal.aborted) throw error;
      return send();
    });
    const answer = readAnswer(request.probe, statusCode, body);
    return tooLarge ? { ...answer, detail: `answered ${statusCode} with more than ${bodyMax} bytes` } : answer;
  }

  #optionsFor({ url, address, family }: CheckedEndpoint, path: string): RequestOptions & { servername?: string } {
    const secure = url.protocol === 'https:';
    return {
      agent: secure ? this.#https : this.#http,
      // The checked address itself: the name is not resolved again, and connections are kept per address.
      host: address,
      family,
      port: url.port === '' ? (secure ? 443 : 80) : Number(url.port),
      path: `${url.pathname.replace(/\/$/, '')}${path.startsWith('/') ? path : `/${path}`}`,
      headers: { host: url.host, accept: 'application/json', 'user-agent': 'praetorian-guard' },
      ...(secure && !/^[\d.]+$|^\[/.test(url.hostname) ? { servername: url.hostname } : {}),
    };
  }
}

interface Answer {
  readonly statusCode: number;
  readonly body: string;
  readonly tooLarge: boolean;
}

interface ReusedFailure {
  readonly reused: true;
  readonly cause: unknown;
}

function exchange(request: typeof httpRequest, options: RequestOptions, signal: AbortSignal): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const sent: ClientRequest = request({ ...options, method: 'GET', signal }, (response) => {
      collect(response).then(resolve, reject);
    });
    sent.on('error', (error: NodeJS.ErrnoException) => {
      const stale = sent.reusedSocket && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
      reject(stale ? ({ reused: true, cause: error } satisfies ReusedFailure) : error);
    });
    sent.end();
  });
}

async function collect(response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    // Breaking out of the loop destroys the response, and with it the connection.
    if (size > bodyMax) break;
    chunks.push(chunk);
  }
  return {
    statusCode: response.statusCode ?? 0,
    body: Buffer.concat(chunks).toString('utf8'),
    tooLarge: size > bodyMax,
  };
}

function isStaleSocket(error: unknown): error is ReusedFailure {
  return typeof error === 'object' && error !== null && 'reused' in error;
}

function noAnswer(timeoutMs: Ms): Omit<ProbeAnswer, 'latencyMs'> {
  return { outcome: 'down', detail: `no answer within ${formatDuration(timeoutMs)}` };
}

function failureOf(thrown: unknown): Omit<ProbeAnswer, 'latencyMs'> {
  const error = isStaleSocket(thrown) ? thrown.cause : thrown;
  if (isGuardError(error)) {
    // A name that does not exist is the agent's: its container is gone.
    const gone = (error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOTFOUND';
    if (gone) return { outcome: 'down', detail: error.message };
    // With a cause the name could not be resolved now, which may change.
    const denied = error.code === 'GUARD_ENDPOINT_DENIED' && error.cause === undefined;
    return { outcome: 'unknown', detail: error.message, ...(denied ? { denied } : {}) };
  }
  const code = (error as NodeJS.ErrnoException | undefined)?.code ?? '';
  return { outcome: ownFaults.has(code) ? 'unknown' : 'down', detail: told[code] ?? messageOf(error) };
}
