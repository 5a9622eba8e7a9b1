import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, request, type Server, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';

/** The calls of a table in the README, each as a pattern of method and path. */
export function documentedCalls(manage: 'containers' | 'services'): readonly RegExp[] {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const tables = readme.slice(readme.indexOf('## The calls it makes')).split('\nWith `manage: services`');
  const rows = (tables[manage === 'containers' ? 0 : 1] ?? '').matchAll(/^\| `(GET|POST|DELETE) (\/[^`]+)` \|/gm);
  return [...rows].map(([, method, path = '']) => {
    const pattern = path.replaceAll(/\{\w+\}/g, '[^?]+');
    return new RegExp(`^${method} (/v1\\.\\d+)?${pattern}(\\?.*)?$`);
  });
}

/** Stands before a socket of an engine and lets through only some calls, as people do who are careful. */
export class FilteringProxy {
  readonly refused: string[] = [];
  readonly used = new Set<RegExp>();
  readonly #server: Server;
  readonly #allowed: readonly RegExp[];
  readonly #engine: string;

  constructor(engineSocket: string, allowed: readonly RegExp[]) {
    this.#engine = engineSocket;
    this.#allowed = allowed;
    this.#server = createServer((asked, answer) => this.#pass(asked, answer));
    this.#server.on('upgrade', (asked: IncomingMessage, socket: Socket, head: Buffer) =>
      this.#upgrade(asked, socket, head),
    );
  }

  listen(path: string): Promise<void> {
    return new Promise((resolve) => this.#server.listen(path, resolve));
  }

  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #permits({ method, url }: IncomingMessage): boolean {
    const call = `${method} ${url}`;
    const pattern = this.#allowed.find((one) => one.test(call));
    if (pattern) this.used.add(pattern);
    else this.refused.push(call);
    return pattern !== undefined;
  }

  #pass(asked: IncomingMessage, answer: ServerResponse): void {
    if (!this.#permits(asked)) {
      answer.writeHead(403, { 'content-type': 'application/json' }).end('{"message":"forbidden by the proxy"}');
      return;
    }
    const { method, url, headers } = asked;
    const forward = request({ socketPath: this.#engine, method, path: url, headers }, (given) => {
      answer.writeHead(given.statusCode ?? 502, given.headers);
      // A stream of events may be silent for long.
      answer.flushHeaders();
      given.pipe(answer);
    });
    forward.on('error', () => answer.destroy());
    answer.on('close', () => forward.destroy());
    asked.pipe(forward);
  }

  /** From here on it is no HTTP: the bytes of both sides are passed on as they are. */
  #upgrade(asked: IncomingMessage, socket: Socket, head: Buffer): void {
    if (!this.#permits(asked)) {
      socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
      return;
    }
    const { method, url, rawHeaders } = asked;
    const headers = rawHeaders.map((text, at) => (at % 2 === 0 ? `${text}: ` : `${text}\r\n`)).join('');
    const engine = connect(this.#engine);
    engine.write(`${method} ${url} HTTP/1.1\r\n${headers}\r\n`);
    engine.write(head);
    engine.pipe(socket).pipe(engine);
    engine.on('error', () => socket.destroy());
    socket.on('error', () => engine.destroy());
  }
}
