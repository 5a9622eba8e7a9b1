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
import { type TlsOptions, TlsTrust } from '../runtime/tls-trust.ts';
import type { CheckedEndpoint, EndpointPolicy } from './endpoint-policy.ts';
import { isNotFound } from './endpoint-policy.ts';
import { readAnswer } from './probe-answer.ts';
import type { ProbeAnswer, Prober, ProbeRequest } from './prober.ts';
import { connects, type TcpAddress } from './tcp-connect.ts';

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

/** The address took no connection: another of the same name may. */
const unreached = new Set(['ECONNREFUSED', 'EHOSTUNREACH', 'ENETUNREACH', 'EADDRNOTAVAIL']);

/** A certificate that is not trusted: asking again does not help, and it is no word on whether the agent works. */
const distrust = new Set([
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REVOKED',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'ERR_TLS_CERT_ALTNAME_INVALID',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
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
  /** [the well-known authorities; files relative to the working directory] */
  readonly trust?: TlsTrust;
}

/**
 * Asks agents over HTTP or HTTPS: one GET to the very address that was checked, no redirect, no proxy, an answer of at
 * most 64 KiB, and a timeout over all of it; connections are kept for the next question. Over TCP it asks whether that
 * address takes a connection, and lets it go.
 */
export class HttpProber implements Prober {
  readonly #clock: Clock;
  readonly #policy: EndpointPolicy;
  readonly #trust: TlsTrust;
  readonly #http = new HttpAgent({ keepAlive: true, timeout: idleMs, maxFreeSockets: 256, scheduling: 'lifo' });
  readonly #https = new HttpsAgent({ keepAlive: true, timeout: idleMs, maxFreeSockets: 256, scheduling: 'lifo' });

  constructor({ clock, policy, trust = new TlsTrust(clock, '.') }: HttpProberOptions) {
    this.#clock = clock;
    this.#policy = policy;
    this.#trust = trust;
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
    const { other } = checked;
    if (!other) return this.#askAt(checked, request, signal);
    // `localhost` is often two addresses, and an agent listens on one of them: that is not its death.
    return this.#askAt(checked, request, signal).catch((first: unknown) => {
      if (!unreached.has(codeOf(first)) || signal.aborted) throw first;
      return this.#askAt({ ...checked, ...other }, request, signal).catch((second: unknown) => {
        // What says something of the agent says more than that the guard has no way to one of them.
        throw ownFaults.has(codeOf(second)) ? first : second;
      });
    });
  }

  async #askAt(
    checked: CheckedEndpoint,
    request: ProbeRequest,
    signal: AbortSignal,
  ): Promise<Omit<ProbeAnswer, 'latencyMs'>> {
    const { type = 'auto' } = request;
    const secure = type === 'auto' ? checked.url.protocol === 'https:' : type === 'https';
    if (type === 'tcp') return connects({ ...addressOf(checked, request, secure), signal });
    const options = this.#optionsFor(checked, request, secure);
    const send = (): Promise<Answer> => exchange(secure ? httpsRequest : httpRequest, options, signal);
    const { statusCode, body, tooLarge } = await send().catch((error: unknown) => {
      // The agent closed an idle connection just as it was used again: that says nothing of the agent.
      if (!isStaleSocket(error) || signal.aborted) throw error;
      return send();
    });
    const answer = readAnswer(request.probe, statusCode, body);
    return tooLarge ? { ...answer, detail: `answered ${statusCode} with more than ${bodyMax} bytes` } : answer;
  }

  #optionsFor(checked: CheckedEndpoint, request: ProbeRequest, secure: boolean): RequestOptions & Partial<TlsOptions> {
    const { url } = checked;
    const { path } = request;
    const address = addressOf(checked, request, secure);
    const trusted = secure ? this.#trust.optionsFor(request.tls ?? { insecure: false }) : {};
    const named = secure && !/^[\d.]+$|^\[/.test(url.hostname) ? { servername: url.hostname } : {};
    return {
      agent: secure ? this.#https : this.#http,
      ...address,
      path: `${url.pathname.replace(/\/$/, '')}${path.startsWith('/') ? path : `/${path}`}`,
      headers: {
        host: hostOf(url, request, address.port),
        accept: 'application/json',
        'user-agent': 'praetorian-guard',
      },
      ...named,
      ...trusted,
    };
  }
}

/** The checked address itself: the name is not resolved again, and connections are kept per address. */
function addressOf({ url, address, family }: CheckedEndpoint, { port }: ProbeRequest, secure: boolean): TcpAddress {
  const usual = secure ? 443 : 80;
  return { host: address, family, port: port ?? (url.port === '' ? usual : Number(url.port)) };
}

function hostOf({ host, hostname }: URL, { port: other }: ProbeRequest, port: number): string {
  return other === undefined ? host : `${hostname}:${port}`;
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

function codeOf(thrown: unknown): string {
  return (thrown as NodeJS.ErrnoException | undefined)?.code ?? '';
}

function noAnswer(timeoutMs: Ms): Omit<ProbeAnswer, 'latencyMs'> {
  return { outcome: 'down', detail: `no answer within ${formatDuration(timeoutMs)}` };
}

function failureOf(thrown: unknown): Omit<ProbeAnswer, 'latencyMs'> {
  const error = isStaleSocket(thrown) ? thrown.cause : thrown;
  if (isGuardError(error)) {
    if (error.code === 'GUARD_CONFIG_INVALID') return { outcome: 'unknown', detail: error.message, unaskable: true };
    if (error.code === 'GUARD_ENDPOINT_FOREIGN') return { outcome: 'unknown', detail: error.message, denied: true };
    // A name that does not exist any more is the agent's: its container is gone.
    if (isNotFound(error.cause)) return { outcome: 'down', detail: error.message };
    // With a cause the name could not be resolved now, which may change.
    const denied = error.code === 'GUARD_ENDPOINT_DENIED' && error.cause === undefined;
    return { outcome: 'unknown', detail: error.message, ...(denied ? { denied } : {}) };
  }
  const code = codeOf(error);
  if (distrust.has(code))
    return { outcome: 'unknown', detail: `its certificate is not trusted: ${messageOf(error)}`, unaskable: true };
  return { outcome: ownFaults.has(code) ? 'unknown' : 'down', detail: told[code] ?? messageOf(error) };
}
