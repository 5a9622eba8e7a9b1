import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly body: unknown;
  /** Done after the answer has been handed to the system. */
  readonly after?: () => void;
}

export type Route = (body: unknown) => Answer | Promise<Answer>;

/** Routes by `METHOD /path`. */
export type Routes = { readonly [route: string]: Route };

const bodyMax = 1024 ** 2;

/** A server that speaks JSON and nothing else. `before` runs before every route and may hold the answer up. */
export function serveJson(routes: Routes, before: (route: string) => Promise<void>): Server {
  return createServer((request, response) => {
    void answer(routes, before, request).then((result) => send(response, result));
  });
}

async function answer(
  routes: Routes,
  before: (route: string) => Promise<void>,
  request: IncomingMessage,
): Promise<Answer> {
  const path = (request.url ?? '/').split('?')[0] ?? '/';
  const route = routes[`${request.method} ${path}`];
  if (!route) return problem(404, `There is nothing at ${request.method} ${path}.`);
  try {
    await before(path);
    return await route(request.method === 'GET' ? undefined : await readBody(request));
  } catch (error) {
    if (error instanceof BadRequest) return problem(400, error.message);
    return problem(500, error instanceof Error ? error.message : String(error));
  }
}

/** The request cannot be understood; the message says why. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

export function problem(status: number, detail: string): Answer {
  return { status, body: { status, detail } };
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request) {
    size += (chunk as Buffer).length;
    if (size > bodyMax) throw new BadRequest(`The body has more than ${bodyMax} bytes.`);
    chunks.push(chunk as Buffer);
  }
  if (size === 0) return undefined;
  // A page in a browser cannot send this type to another origin without asking first, and is never allowed to.
  if (!/^application\/([\w.-]+\+)?json\b/i.test(request.headers['content-type'] ?? '')) {
    throw new BadRequest('The body must be JSON: send content-type: application/json.');
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (error) {
    throw new BadRequest(`The body is not JSON: ${(error as Error).message}`);
  }
}

function send(response: ServerResponse, { status, body, after }: Answer): void {
  const text = JSON.stringify(body);
  response.writeHead(status, {
    'content-type': status >= 400 && status !== 503 ? 'application/problem+json' : 'application/json',
    'cache-control': 'no-store',
  });
  response.end(text, () => after?.());
}
