import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../runtime/system-clock.ts';
import { EndpointPolicy } from './endpoint-policy.ts';
import { HttpProber } from './http-prober.ts';
import type { ProbeAnswer, ProbeRequest } from './prober.ts';

const servers: Server[] = [];
const probers: HttpProber[] = [];

afterEach(async () => {
  for (const prober of probers.splice(0)) prober.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  }
});

async function listen(
  handler: RequestListener,
): Promise<{ readonly server: Server; readonly endpoint: string; readonly port: number }> {
  const server = createServer(handler);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return { server, endpoint: `http://127.0.0.1:${port}`, port };
}

function prober(resolve: (host: string) => Promise<readonly string[]> = async () => []): HttpProber {
  const policy = new EndpointPolicy({ allowedNetworks: ['127.0.0.0/8'], resolve });
  const made = new HttpProber({ clock: systemClock(), policy });
  probers.push(made);
  return made;
}

function ask(
  subject: HttpProber,
  endpoint: string,
  given: Partial<ProbeRequest> = {},
  signal = new AbortController().signal,
): Promise<ProbeAnswer> {
  const at = { endpoint, source: 'registration' } as const;
  return subject.probe(
    { agentId: 'a', at, path: '/health/live', probe: 'liveness', timeoutMs: 20_000, ...given },
    signal,
  );
}

const json = (response: ServerResponse, status: number, body: unknown): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

describe('HttpProber', () => {
  it.each(['auto', 'tcp'] as const)(
    'reaches an agent that listens on one of the two addresses of its name (%s)',
    async (type) => {
      const { port } = await listen((_, response) => json(response, 200, {}));
      const at = { endpoint: `http://agent.test:${port}`, source: 'config' } as const;
      const subject = prober(async () => ['::1', '127.0.0.1']);
      expect(await ask(subject, '', { at, type })).toMatchObject({ outcome: 'up' });
      // A third address may be another agent.
      const others = prober(async () => ['127.0.0.2', '127.0.0.1']);
      expect(await ask(others, '', { at, type })).toMatchObject({ outcome: 'down', detail: 'connection refused' });
    },
  );

  it('asks the path below the endpoint and reads the answer', async () => {
    const seen: (string | undefined)[] = [];
    const { endpoint } = await listen((request, response) => {
      seen.push(request.url, request.method);
      json(response, 503, { ready: false, checks: { database: false } });
    });
    const answer = await ask(prober(), `${endpoint}/base/`, { path: '/health/ready', probe: 'readiness' });
    expect(answer).toMatchObject({ outcome: 'down', statusCode: 503, checks: { database: false } });
    expect(answer.latencyMs).toBeGreaterThan(0);
    expect(seen).toEqual(['/base/health/ready', 'GET']);
  });

  it('keeps the connection for the next question', async () => {
    const ports = new Set<number | undefined>();
    const { endpoint } = await listen((request, response) => {
      ports.add(request.socket.remotePort);
      json(response, 200, {});
    });
    const subject = prober();
    for (let at = 0; at < 5; at += 1) await ask(subject, endpoint);
    expect(ports.size).toBe(1);
  });

  it('is not misled by a connection the agent closed meanwhile', async () => {
    const { endpoint, server } = await listen((_, response) => json(response, 200, {}));
    const subject = prober();
    expect((await ask(subject, endpoint)).outcome).toBe('up');
    // Whether the prober has already seen the connection end or not, the answer must be that of the agent.
    server.closeAllConnections();
    expect((await ask(subject, endpoint)).outcome).toBe('up');
  });

  it('follows no redirect', async () => {
    let asked = 0;
    const { endpoint } = await listen((_, response) => {
      asked += 1;
      response.writeHead(302, { location: '/elsewhere' }).end();
    });
    expect(await ask(prober(), endpoint)).toMatchObject({ outcome: 'down', statusCode: 302 });
    expect(asked).toBe(1);
  });

  it('gives up at the timeout, also in the middle of a body', async () => {
    const { endpoint } = await listen((request, response) => {
      if (request.url === '/body') response.writeHead(200).write('{');
    });
    const subject = prober();
    expect(await ask(subject, endpoint, { timeoutMs: 150 })).toMatchObject({
      outcome: 'down',
      detail: 'no answer within 150ms',
    });
    expect(await ask(subject, endpoint, { timeoutMs: 150, path: '/body' })).toMatchObject({
      outcome: 'down',
      detail: 'no answer within 150ms',
    });
  });

  it('reads no more than 64 KiB', async () => {
    const { endpoint } = await listen((_, response) => {
      response.writeHead(200);
      const more = (): void => {
        while (response.write('x'.repeat(16_384)));
        response.once('drain', more);
      };
      more();
    });
    expect(await ask(prober(), endpoint)).toMatchObject({
      outcome: 'up',
      detail: 'answered 200 with more than 65536 bytes',
    });
  });

  it('tells a refused connection from an address it must not call', async () => {
    const { endpoint, server } = await listen(() => undefined);
    await new Promise((resolve) => server.close(resolve));
    expect(await ask(prober(), endpoint)).toMatchObject({ outcome: 'down', detail: 'connection refused' });
    expect(await ask(prober(), 'http://10.0.0.1')).toMatchObject({
      outcome: 'unknown',
      detail: expect.stringContaining('allowed networks'),
      denied: true,
    });
  });

  it('tells a name that does not exist from a resolver that does not work', async () => {
    const failing = (code: string) => prober(async () => Promise.reject(Object.assign(new TypeError(code), { code })));
    const at = { endpoint: 'http://gone.local', source: 'config' } as const;
    expect((await ask(failing('ENOTFOUND'), at.endpoint, { at })).outcome).toBe('down');
    const unresolved = await ask(failing('EAI_AGAIN'), 'http://gone.local');
    expect(unresolved.outcome).toBe('unknown');
    expect(unresolved.denied).toBeUndefined();
  });

  it('holds it against nobody that it names an address which only it knows, unless the name was known here before', async () => {
    let isKnown = false;
    const subject = prober(async (host) => {
      if (isKnown) return ['127.0.0.1'];
      throw Object.assign(new TypeError(`getaddrinfo ENOTFOUND ${host}`), { code: 'ENOTFOUND' });
    });
    const { port } = await listen((_, response) => json(response, 200, {}));
    const endpoint = `http://4ceee8f7ce9f:${port}`;
    expect(await ask(subject, endpoint)).toMatchObject({
      outcome: 'unknown',
      denied: true,
      detail: expect.stringContaining('a name that only the agent knows') as string,
    });
    isKnown = true;
    expect((await ask(subject, endpoint)).outcome).toBe('up');
    isKnown = false;
    expect((await ask(subject, endpoint)).outcome).toBe('down');
  });

  it('calls the address it checked and names the host it was given', async () => {
    const hosts: (string | undefined)[] = [];
    const { port } = await listen((request: IncomingMessage, response) => {
      hosts.push(request.headers.host);
      json(response, 200, {});
    });
    let asked = 0;
    const subject = prober(async () => {
      asked += 1;
      return ['127.0.0.1'];
    });
    expect((await ask(subject, `http://agent.internal:${port}`)).outcome).toBe('up');
    expect(hosts).toEqual([`agent.internal:${port}`]);
    expect(asked).toBe(1);
  });

  it('breaks off when the guard stops, and blames nobody', async () => {
    const { endpoint } = await listen(() => undefined);
    const controller = new AbortController();
    const answer = ask(prober(), endpoint, {}, controller.signal);
    controller.abort();
    expect(await answer).toMatchObject({ outcome: 'unknown', detail: 'the guard broke off' });
  });

  it('finds an answer that is not HTTP to be none', async () => {
    const { endpoint, server } = await listen(() => undefined);
    server.on('connection', (socket) => socket.end('SSH-2.0-something\r\n'));
    expect((await ask(prober(), endpoint)).outcome).toBe('down');
  });
});
