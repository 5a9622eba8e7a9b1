import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:https';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { selfSigned } from '../../../../tools/vitest/self-signed.ts';
import type { TlsPolicy } from '../model/index.ts';
import { systemClock } from '../runtime/system-clock.ts';
import { TlsTrust } from '../runtime/tls-trust.ts';
import { EndpointPolicy } from './endpoint-policy.ts';
import { HttpProber } from './http-prober.ts';
import type { ProbeAnswer, ProbeRequest } from './prober.ts';

const folder = mkdtempSync(join(tmpdir(), 'praetorian-tls-'));
const own = selfSigned(['agent.internal', 'localhost']);
const clock = systemClock();
let server: Server;
let port = 0;
let hits = 0;

beforeAll(async () => {
  writeFileSync(join(folder, 'own.pem'), own.cert);
  writeFileSync(join(folder, 'other.pem'), selfSigned().cert);
  writeFileSync(join(folder, 'empty.pem'), 'nothing here');
  server = createServer({ key: own.key, cert: own.cert }, (request, response) => {
    hits += 1;
    if (request.url === '/moved') response.writeHead(302, { location: '/health/live' });
    response.end(JSON.stringify({ ready: true }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  ({ port } = server.address() as AddressInfo);
});

afterAll(async () => {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
  rmSync(folder, { recursive: true, force: true });
});

async function ask(given: Partial<ProbeRequest> = {}, allowed = ['127.0.0.0/8']): Promise<ProbeAnswer> {
  const resolve = async (): Promise<readonly string[]> => ['127.0.0.1'];
  const prober = new HttpProber({
    clock,
    policy: new EndpointPolicy({ allowedNetworks: allowed, resolve }),
    trust: new TlsTrust(clock, folder),
  });
  const at = { endpoint: `https://127.0.0.1:${port}`, source: 'registration' } as const;
  const request = { agentId: 'a', at, path: '/health/ready', probe: 'readiness', timeoutMs: 20_000, ...given } as const;
  try {
    return await prober.probe(request, new AbortController().signal);
  } finally {
    prober.close();
  }
}

const tls = (given: Partial<TlsPolicy> = {}): { readonly tls: TlsPolicy } => ({ tls: { insecure: false, ...given } });
const named = (host: string): Pick<ProbeRequest, 'at'> => ({
  at: { endpoint: `https://${host}:${port}`, source: 'registration' },
});

describe('a probe over HTTPS', () => {
  it('is answered where the authority is named in the config', async () => {
    expect(await ask(tls({ caFile: 'own.pem' }))).toMatchObject({ outcome: 'up', statusCode: 200 });
    expect(await ask({ ...tls({ caFile: 'own.pem' }), ...named('agent.internal') })).toMatchObject({ outcome: 'up' });
  });

  it('of a certificate that is not trusted says nothing of the agent, and that it is the certificate', async () => {
    for (const answer of [await ask(), await ask(tls({ caFile: 'other.pem' }))]) {
      expect(answer).toMatchObject({ outcome: 'unknown', unaskable: true });
      expect(answer.detail).toContain('certificate');
    }
  });

  it('wants the name of the host in the certificate, or the one the config names', async () => {
    const elsewhere = { ...tls({ caFile: 'own.pem' }), ...named('web.example') };
    expect(await ask(elsewhere)).toMatchObject({ outcome: 'unknown', unaskable: true });
    const spoken = tls({ caFile: 'own.pem', serverName: 'agent.internal' });
    expect(await ask({ ...elsewhere, ...spoken })).toMatchObject({ outcome: 'up' });
  });

  it('takes any certificate when it is told to', async () => {
    expect(await ask({ ...tls({ insecure: true }), ...named('web.example') })).toMatchObject({ outcome: 'up' });
  });

  it.each(['missing.pem', 'empty.pem'])('does not ask while the file of the authority is %s', async (caFile) => {
    const before = hits;
    const answer = await ask(tls({ caFile }));
    expect(answer).toMatchObject({ outcome: 'unknown', unaskable: true });
    expect(answer.detail).toContain(caFile);
    expect(hits).toBe(before);
  });

  it('follows no redirect', async () => {
    const before = hits;
    const answer = await ask({ ...tls({ insecure: true }), path: '/moved', probe: 'liveness' });
    expect(answer).toMatchObject({ outcome: 'down', statusCode: 302 });
    expect(hits).toBe(before + 1);
  });

  it('goes by type and port where those differ from the endpoint', async () => {
    const at = { endpoint: 'http://127.0.0.1:1', source: 'registration' } as const;
    expect(await ask({ at, type: 'https', port, ...tls({ insecure: true }) })).toMatchObject({ outcome: 'up' });
    // What speaks TLS does not answer plain HTTP.
    expect(await ask({ type: 'http', ...tls({ insecure: true }) })).toMatchObject({ outcome: 'down' });
  });
});

describe('a probe over TCP', () => {
  let listener: TcpServer;
  let taken = 0;
  let at: ProbeRequest['at'];

  beforeAll(async () => {
    listener = createTcpServer((socket) => {
      taken += 1;
      socket.on('error', () => undefined);
      socket.destroy();
    });
    await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
    at = { endpoint: `http://127.0.0.1:${(listener.address() as AddressInfo).port}`, source: 'registration' };
  });

  afterAll(() => {
    listener.close();
  });

  it('is up when a connection is taken', async () => {
    expect(await ask({ at, type: 'tcp', probe: 'liveness' })).toMatchObject({ outcome: 'up' });
  });

  it('is down when nobody listens', async () => {
    const free = await new Promise<number>((resolve) => {
      const server = createTcpServer().listen(0, '127.0.0.1', () => {
        const { port: was } = server.address() as AddressInfo;
        server.close(() => resolve(was));
      });
    });
    const answer = await ask({ at, type: 'tcp', port: free, probe: 'liveness' });
    expect(answer).toMatchObject({ outcome: 'down', detail: 'connection refused' });
  });

  it('keeps to the allowed networks like every other', async () => {
    const before = taken;
    const answer = await ask({ at, type: 'tcp', probe: 'liveness' }, ['10.0.0.0/8']);
    expect(answer).toMatchObject({ outcome: 'unknown', denied: true });
    const metadata = { endpoint: 'http://169.254.169.254', source: 'config' } as const;
    expect(await ask({ at: metadata, type: 'tcp', port: 80 })).toMatchObject({ outcome: 'unknown', denied: true });
    expect(taken).toBe(before);
  });
});
