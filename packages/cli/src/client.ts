import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { messageOf } from '@praetorian-guard/core/plugin';

/** The guard's refusal, after RFC 9457. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  readonly detail?: string;
  readonly remedy?: string;
  readonly code?: string;
  /** Places of a body or a query that are not valid. */
  readonly places: readonly string[];
}

export type Answer =
  | { readonly kind: 'ok'; readonly status: number; readonly body: unknown }
  | { readonly kind: 'problem'; readonly problem: Problem }
  | { readonly kind: 'unreachable'; readonly why: string }
  /** The address itself is not one. */
  | { readonly kind: 'address'; readonly why: string };

export interface Endpoint {
  readonly url: string;
  readonly token?: string;
}

interface Raw {
  readonly status: number;
  readonly text: string;
}

/** A connection that says nothing for this long is given up. */
const silenceMs = 15_000;

/** One request to a running guard. A refusal and a dead guard are answers, not exceptions. */
export async function ask(
  endpoint: Endpoint,
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  body?: unknown,
): Promise<Answer> {
  const url = addressOf(endpoint.url, path);
  if (url === undefined) return { kind: 'address', why: `${endpoint.url} is not an http:// or https:// address` };
  try {
    return answerOf(await send(url, method, endpoint.token, body));
  } catch (error) {
    return { kind: 'unreachable', why: causeOf(error) };
  }
}

function addressOf(base: string, path: string): URL | undefined {
  if (!URL.canParse(base)) return undefined;
  const url = new URL(base);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  // As a path and not as an address: one that begins with two slashes would name another host.
  const [pathname = '', query = ''] = path.split('?');
  url.pathname = url.pathname.replace(/\/+$/, '') + pathname;
  url.search = query;
  url.hash = '';
  return url;
}

async function send(url: URL, method: string, token: string | undefined, body: unknown): Promise<Raw> {
  const payload = body === undefined ? undefined : JSON.stringify(body);
  const headers = {
    accept: 'application/json',
    ...(token ? { authorization: `Bearer ${token}` } : {}),
    ...(payload === undefined
      ? {}
      : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(payload) }),
  };
  return new Promise((resolve, reject) => {
    const start = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const call = start(url, { method, headers, timeout: silenceMs }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString('utf8') }),
      );
    });
    call.on('timeout', () => call.destroy(new Error(`no answer within ${silenceMs / 1_000}s`)));
    call.on('error', reject);
    call.end(payload);
  });
}

function answerOf({ status, text }: Raw): Answer {
  const body = parse(text);
  const good = status >= 200 && status < 300;
  if (good && (body !== undefined || text === '')) return { kind: 'ok', status, body };
  if (good) {
    const title = 'The answer is not JSON: another server listens there.';
    return { kind: 'problem', problem: { status, title, places: [] } };
  }
  const said = typeof body === 'object' && body !== null ? (body as { readonly [key: string]: unknown }) : {};
  const word = (key: string): string | undefined => (typeof said[key] === 'string' ? said[key] : undefined);
  const [detail, remedy, code] = [word('detail'), word('remedy'), word('code')];
  return {
    kind: 'problem',
    problem: {
      status,
      title: word('title') ?? `HTTP ${status}`,
      places: placesOf(said['errors']),
      ...(detail === undefined ? {} : { detail }),
      ...(remedy === undefined ? {} : { remedy }),
      ...(code === undefined ? {} : { code }),
    },
  };
}

function placesOf(errors: unknown): readonly string[] {
  if (!Array.isArray(errors)) return [];
  return errors.map((one) => (one as { readonly detail?: unknown }).detail).filter((text) => typeof text === 'string');
}

function parse(text: string): unknown {
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch {
    // Not JSON: a proxy or another server answered. The status alone says what there is to say.
    return undefined;
  }
}

/** `ECONNREFUSED` and the like say more than the wrapped message, which is empty for a host with two addresses. */
function causeOf(error: unknown): string {
  const code = (error as { readonly code?: unknown }).code;
  const message = messageOf(error);
  return typeof code === 'string' && !message.includes(code) ? `${code} ${message}` : message;
}
