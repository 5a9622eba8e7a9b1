import { request as requestHttp, type ClientRequest, type IncomingMessage } from 'node:http';
import { request as requestHttps } from 'node:https';
import { isIP, type LookupFunction } from 'node:net';
import type { TlsOptions } from '../runtime/tls-trust.ts';

/** One question over HTTP. */
export interface HttpQuestion {
  readonly url: URL;
  readonly method: 'GET' | 'PUT' | 'POST';
  /** Connect to this address instead of looking the name up again: the one that was checked. */
  readonly address?: string;
  /** How its certificate is judged, over HTTPS. [by the well-known authorities] */
  readonly tls?: TlsOptions;
  readonly body?: Uint8Array;
  readonly contentType?: string;
  /** Most bytes of the answer that are read. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
}

export interface HttpAnswer {
  readonly status: number;
  readonly contentType?: string;
  readonly body: Uint8Array;
  /** There was more than `maxBytes`; the rest was not read. */
  readonly truncated: boolean;
}

/**
 * Asks once, on a connection of its own, and reads a bounded answer. Follows no redirect. Rejects when the peer cannot
 * be reached, breaks off, or the signal aborts; leaves no socket behind in any case.
 */
export function exchange(question: HttpQuestion): Promise<HttpAnswer> {
  return new Promise((resolve, reject) => {
    if (question.signal.aborted) {
      reject(question.signal.reason as Error);
      return;
    }
    const asked = ask(question);
    asked.on('error', reject);
    asked.once('response', (response) => {
      void read(response, question.maxBytes)
        .then(resolve, reject)
        .finally(() => asked.destroy());
    });
    asked.end(question.body);
  });
}

function ask(question: HttpQuestion): ClientRequest {
  const { url, method, address, body, contentType, signal, tls } = question;
  const send = url.protocol === 'https:' ? requestHttps : requestHttp;
  return send(url, {
    method,
    signal,
    agent: false,
    headers: {
      accept: '*/*',
      connection: 'close',
      ...(body === undefined ? {} : { 'content-length': body.byteLength }),
      ...(contentType === undefined ? {} : { 'content-type': contentType }),
    },
    ...tls,
    ...(address === undefined ? {} : { lookup: pinned(address) }),
  });
}

/** A look-up that always gives one address, in both shapes that `net.connect` asks for. */
function pinned(address: string): LookupFunction {
  const family = isIP(address);
  return (_hostname, options, done) => {
    if (options.all) done(null, [{ address, family }]);
    else done(null, address, family);
  };
}

async function read(response: IncomingMessage, maxBytes: number): Promise<HttpAnswer> {
  const parts: Uint8Array[] = [];
  let length = 0;
  let truncated = Number(response.headers['content-length'] ?? 0) > maxBytes;
  if (!truncated || (response.statusCode ?? 0) >= 300) {
    for await (const part of response as AsyncIterable<Uint8Array>) {
      const room = maxBytes - length;
      parts.push(part.subarray(0, room));
      length += Math.min(part.byteLength, room);
      truncated = part.byteLength > room;
      if (truncated) break;
    }
  }
  const contentType = response.headers['content-type'];
  return {
    status: response.statusCode ?? 0,
    ...(contentType === undefined ? {} : { contentType }),
    body: Buffer.concat(parts, length),
    truncated,
  };
}
