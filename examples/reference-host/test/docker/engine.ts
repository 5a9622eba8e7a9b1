import { type IncomingMessage, request } from 'node:http';

/** An answer of the engine that says no. */
export class EngineRefusal extends Error {
  override readonly name = 'EngineRefusal';
  readonly status: number;

  constructor(status: number, text: string) {
    super(`${status}: ${text}`);
    this.status = status;
  }
}

/**
 * A Docker engine of this machine, asked without any code of the guard: what is judged by its answers does not depend on
 * what is judged.
 */
export class TestEngine {
  readonly url: string;
  readonly #socketPath: string;

  /** `url`: `unix:///path`. */
  constructor(url: string) {
    this.url = url;
    this.#socketPath = url.slice('unix://'.length);
  }

  /** One call; the body is JSON unless it is a tar. Throws `EngineRefusal`. */
  async ask<T = unknown>(method: 'GET' | 'POST' | 'DELETE', path: string, body?: object): Promise<T> {
    const response = await this.#send(method, path, body);
    let text = '';
    for await (const piece of response) text += String(piece);
    if ((response.statusCode ?? 500) >= 400) throw new EngineRefusal(response.statusCode ?? 500, text.trim());
    // An import tells of its progress line by line; whoever asks for anything else gets one value.
    return (text.startsWith('{') || text.startsWith('[') ? JSON.parse(text.split('\n')[0] ?? text) : text) as T;
  }

  /** Gives each line of an endless answer to `take`, until the signal. Resolves when it ends, however it does. */
  async follow(path: string, signal: AbortSignal, take: (line: string) => void): Promise<void> {
    const response = await this.#send('GET', path, undefined, signal);
    let rest = '';
    for await (const piece of response) {
      const lines = (rest + String(piece)).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) if (line !== '') take(line);
    }
  }

  #send(method: string, path: string, body?: object, signal?: AbortSignal): Promise<IncomingMessage> {
    const isTar = Buffer.isBuffer(body);
    const headers = body ? { 'content-type': isTar ? 'application/x-tar' : 'application/json' } : {};
    return new Promise((resolve, reject) => {
      const call = request(
        { socketPath: this.#socketPath, method, path, headers, ...(signal ? { signal } : { timeout: 60_000 }) },
        resolve,
      );
      call.on('error', reject);
      call.on('timeout', () => call.destroy(new Error(`the engine did not answer ${method} ${path} in time`)));
      call.end(body && (isTar ? body : JSON.stringify(body)));
    });
  }
}

/** The engine of `DOCKER_HOST` or of this machine; `undefined` where the tests on containers are left out. */
export function testEngine(): TestEngine | undefined {
  if (process.env['DOCKER_TESTS'] === 'off') return undefined;
  const url = process.env['DOCKER_HOST'] ?? 'unix:///var/run/docker.sock';
  // Faults reach into the containers as processes of this machine.
  return url.startsWith('unix://') ? new TestEngine(url) : undefined;
}

/** A query of filters, as the engine wants them. */
export function filtered(path: string, filters: { readonly [name: string]: readonly string[] }): string {
  return `${path}${path.includes('?') ? '&' : '?'}filters=${encodeURIComponent(JSON.stringify(filters))}`;
}
