import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { Agent, createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import util from 'node:util';
import { systemClock } from '@praetorian-guard/core/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { selfSigned } from '../../../tools/vitest/self-signed.ts';
import { addressOf } from '../src/engine/address.ts';
import { EngineError } from '../src/engine/engine-error.ts';
import { Engine } from '../src/engine/engine.ts';
import { inUrl } from '../src/engine/host.ts';

type Answer = (request: IncomingMessage, response: ServerResponse) => void;

const servers: Server[] = [];

/** An engine that answers as a test wants it to; there is no real one of these versions here. */
async function stub(
  answer: Answer,
  { tls, host = '127.0.0.1' }: { tls?: { readonly key: string; readonly cert: string }; host?: string } = {},
): Promise<string> {
  const server: Server = tls ? createTlsServer(tls, answer) : createServer(answer);
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, host, resolve));
  const { port } = server.address() as AddressInfo;
  return `tcp://${inUrl(host)}:${port}`;
}

const json = (response: ServerResponse, body: object, status = 200): void => {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
};

const speaking = (ApiVersion: string, MinAPIVersion: string, rest: Answer = () => undefined): Answer => {
  return (request, response) => {
    if (request.url === '/version') json(response, { ApiVersion, MinAPIVersion });
    else rest(request, response);
  };
};

const engineAt = (url: string): Engine => new Engine(addressOf(url, undefined, '/'), systemClock());

afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

describe('the version of the API', () => {
  it.each([
    ['1.41', '1.12', '1.41'],
    ['1.44', '1.24', '1.44'],
    ['1.47', '1.24', '1.47'],
    ['1.51', '1.24', '1.51'],
    ['1.60', '1.44', '1.51'],
  ])('of an engine with %s, at least %s, is %s', async (newest, oldest, spoken) => {
    const asked: string[] = [];
    const url = await stub(
      speaking(newest, oldest, (request, response) => {
        asked.push(request.url ?? '');
        json(response, []);
      }),
    );
    const engine = engineAt(url);
    expect(await engine.connect()).toBe(spoken);
    await engine.containers({ label: ['a=b'] });
    expect(asked[0]).toMatch(new RegExp(`^/v${spoken}/containers/json`));
    engine.close();
  });

  it.each([
    ['1.39', '1.12'],
    ['1.90', '1.60'],
  ])('cannot be agreed with an engine with %s, at least %s', async (newest, oldest) => {
    const engine = engineAt(await stub(speaking(newest, oldest)));
    await expect(engine.connect()).rejects.toThrow(`the engine speaks API ${oldest} to ${newest}`);
  });
});

describe('a call', () => {
  const connected = async (rest: Answer): Promise<Engine> => {
    const engine = engineAt(await stub(speaking('1.41', '1.12', rest)));
    await engine.connect();
    return engine;
  };
  const errorOf = (call: Promise<unknown>): Promise<EngineError> =>
    call.then(
      () => Promise.reject(new Error('it did not fail')),
      (error: unknown) => error as EngineError,
    );

  it.each([
    ['another engine', { DOCKER_HOST: 'tcp://127.0.0.1:1', DOCKER_PATH_PREFIX: '/old', DOCKER_CLIENT_TIMEOUT: '1' }],
    ['certificates that are gone', { DOCKER_HOST: 'tcp://old:2376', DOCKER_CERT_PATH: '/gone' }],
    ['no address', { DOCKER_HOST: 'tcp://a b:c' }],
  ])('goes to the engine of the config, although the environment names %s', async (_, environment) => {
    for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
    const engine = await connected((_request, response) => json(response, []));
    expect(await engine.containers({})).toEqual([]);
    expect(process.env['DOCKER_HOST']).toBe(environment.DOCKER_HOST);
  });

  it('takes no certificate from the environment', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'praetorian-tls-'));
    try {
      for (const name of ['ca', 'cert', 'key']) writeFileSync(join(folder, `${name}.pem`), 'not for us');
      vi.stubEnv('DOCKER_HOST', 'tcp://old:2376');
      vi.stubEnv('DOCKER_CERT_PATH', folder);
      const engine = engineAt('https://127.0.0.1:1');
      await expect(engine.connect()).rejects.toThrow(/ECONNREFUSED/);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('reaches an engine at an IPv6 address', async () => {
    const engine = engineAt(await stub(speaking('1.41', '1.12'), { host: '::1' }));
    expect(await engine.connect()).toBe('1.41');
  });

  it('goes to no other host for an IPv6 address that begins like the scheme of a URL', async () => {
    const dialled = vi.fn<(to: { readonly host: string; readonly port: string }) => never>();
    dialled.mockThrow(new Error('not dialled'));
    vi.spyOn(Agent.prototype as unknown as { createConnection: typeof dialled }, 'createConnection').mockImplementation(
      dialled,
    );
    await expect(engineAt('tcp://[fd00::5]:2375').connect()).rejects.toThrow('not dialled');
    expect(dialled.mock.calls.map(([{ host, port }]) => `${host} ${port}`)).toEqual(['fd00::5 2375']);
  });

  it('costs no more the more calls are under way', async () => {
    const waiting: ServerResponse[] = [];
    const engine = await connected((_request, response) => void waiting.push(response));
    const written = vi.spyOn(util, 'inspect');
    const most = (): number => Math.max(...written.mock.results.map(({ value }) => String(value).length));
    const calls = [engine.container('alone')];
    await vi.waitFor(() => expect(waiting).toHaveLength(1));
    const alone = most();
    calls.push(...Array.from({ length: 30 }, () => engine.container('other')));
    await vi.waitFor(() => expect(waiting).toHaveLength(31));
    expect(most()).toBe(alone);
    for (const response of waiting) json(response, { Id: 'c' });
    await Promise.all(calls);
    engine.close();
  });

  it('gives up at its deadline when the engine dies in the middle of an answer, and says that it may have acted', async () => {
    const engine = await connected((_request, response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.write('{"half":');
      response.on('drain', () => undefined);
    });
    const error = await errorOf(engine.containers({}, { limitMs: 200 }));
    expect(error).toBeInstanceOf(EngineError);
    expect(error.lost).toBe(true);
  });

  it('says that nothing was done when there was no connection', async () => {
    const engine = engineAt('tcp://127.0.0.1:1');
    expect((await errorOf(engine.connect())).lost).toBe(false);
    const nowhere = engineAt('unix:///nowhere/docker.sock');
    expect(await errorOf(nowhere.connect())).toMatchObject({ lost: false });
  });

  it('carries the sentence and the status of the engine', async () => {
    const engine = await connected((_request, response) =>
      json(response, { message: 'port is already allocated' }, 500),
    );
    expect(await errorOf(engine.start('c'))).toMatchObject({
      message: 'start a container: port is already allocated',
      status: 500,
      lost: false,
    });
  });

  it('takes what is so already for done, and what is not there for nothing', async () => {
    const engine = await connected((request, response) => {
      if (request.url?.includes('/start') === true) response.writeHead(304).end();
      else json(response, { message: 'No such container: c' }, 404);
    });
    await engine.start('c');
    expect(await engine.container('c')).toBeUndefined();
    await engine.remove('c');
  });

  it('keeps what is in the body out of the address', async () => {
    const urls: string[] = [];
    const engine = await connected((request, response) => {
      urls.push(request.url ?? '');
      json(response, { Id: 'made' }, 201);
    });
    expect(await engine.create('web', { Image: 'i', Env: ['PASSWORD=hunter2'] })).toBe('made');
    expect(urls).toEqual(['/v1.41/containers/create?name=web']);
  });

  it('ends with the reason of the caller when that calls it off', async () => {
    const engine = await connected(() => undefined);
    const controller = new AbortController();
    const call = engine.containers({}, { signal: controller.signal });
    controller.abort(new Error('no longer wanted'));
    await expect(call).rejects.toThrow('no longer wanted');
  });
});

it('speaks TLS with the certificates of the config, and with no other authority', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'praetorian-tls-'));
  try {
    const pems = selfSigned();
    for (const [name, pem] of Object.entries(pems)) writeFileSync(join(folder, `${name}.pem`), pem);
    const url = await stub(speaking('1.41', '1.12'), { tls: pems });
    const tls = { ca: 'cert.pem', cert: 'cert.pem', key: 'key.pem' };
    const engine = new Engine(addressOf(url, tls, folder), systemClock());
    expect(await engine.connect()).toBe('1.41');
    engine.close();
    const stranger = new Engine(addressOf(url.replace('tcp', 'https'), undefined, folder), systemClock());
    await expect(stranger.connect()).rejects.toThrow(/self-signed certificate/);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
