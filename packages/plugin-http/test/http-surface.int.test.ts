import http from 'node:http';
import net from 'node:net';
import { guardEventTypes } from '@praetorian-guard/core/plugin';
import { createRig as createKit, FakeGuard, systemClock } from '@praetorian-guard/core/testing';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { completeConfig, type HttpOptions } from '../src/config.ts';
import { HttpSurface } from '../src/http-surface.ts';
import { createHandler } from '../src/index.ts';

const call = { signal: new AbortController().signal, traceId: 'test' };
const open: HttpOptions = { auth: 'loopback-open', port: 0 };
const json = { 'content-type': 'application/json' };
const cleanups: (() => Promise<unknown> | void)[] = [];

afterEach(async () => {
  for (const clean of cleanups.splice(0).reverse()) await clean();
});

function surfaceOf(options: HttpOptions = open) {
  const kit = createKit();
  const surface = new HttpSurface(kit.context(completeConfig(options), { clock: systemClock() }));
  cleanups.push(() => surface.stop());
  return { surface, log: kit.log };
}

async function serve(options: HttpOptions = open) {
  const guard = new FakeGuard();
  guard.putAgent({ id: 'web-1', group: 'web' });
  const { surface, log } = surfaceOf(options);
  await surface.start(guard, call);
  return { guard, surface, log, url: surface.url() ?? '' };
}

/** Reads a stream of events until `enough` says so. */
async function readEvents(response: Response, enough: (text: string) => boolean): Promise<string> {
  let text = '';
  for await (const chunk of (response.body as ReadableStream<Uint8Array>).pipeThrough(new TextDecoderStream())) {
    text += chunk;
    if (enough(text)) break;
  }
  return text;
}

describe('listening', () => {
  test('is refused on a port in use, with the remedy', async () => {
    const { url } = await serve();
    const { surface } = surfaceOf({ ...open, port: Number(new URL(url).port) });
    await expect(surface.start(new FakeGuard(), call)).rejects.toMatchObject({
      code: 'GUARD_HTTP_PORT_IN_USE',
      message: expect.stringContaining(new URL(url).host),
      remedy: expect.stringContaining('http.port'),
    });
  });

  test('is refused on an address of another machine', async () => {
    const { surface } = surfaceOf({
      host: '192.0.2.1',
      port: 0,
      tokens: [{ name: 'a', role: 'viewer', token: 'a-token-of-some-length' }],
    });
    await expect(surface.start(new FakeGuard(), call)).rejects.toMatchObject({ code: 'GUARD_HTTP_LISTEN' });
  });

  test('is refused when nobody could use it, or everybody could', async () => {
    for (const options of [{ port: 0 }, { ...open, host: '0.0.0.0' }]) {
      const { surface } = surfaceOf(options);
      await expect(surface.start(new FakeGuard(), call)).rejects.toMatchObject({ code: 'GUARD_CONFIG_INVALID' });
    }
  });

  test('names the address, or the one the config gives', async () => {
    const { url } = await serve();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const { surface } = await serve({ ...open, publicUrl: 'https://guard.example.com' });
    expect(surface.url()).toBe('https://guard.example.com');
  });
});

describe('limits over a real socket', () => {
  test('a body that is too large is answered with 413, also when its length is not said', async () => {
    const { url } = await serve();
    const big = await fetch(`${url}/heartbeat`, { method: 'POST', headers: json, body: `"${'x'.repeat(70_000)}"` });
    expect(big.status).toBe(413);
    const status = await new Promise((resolve) => {
      const request = http.request(`${url}/heartbeat`, { method: 'POST', headers: json }, (response) => {
        resolve(response.statusCode);
        response.resume();
      });
      // The server answers before the end and hangs up, which may reach a writer as an error.
      request.on('error', () => undefined);
      for (let part = 0; part < 20; part += 1) request.write('x'.repeat(10_000));
      request.end();
    });
    expect(status).toBe(413);
  });

  test('states that are sent and never ended take a bounded room, and small ones still come through', async () => {
    const { url } = await serve({ ...open, limits: { state: '1MiB' } });
    const send = (bytes: number, length = bytes) =>
      new Promise<number>((resolve) => {
        const request = http.request(
          `${url}/api/v1/agents/web-1/state`,
          { method: 'PUT', headers: { 'content-type': 'a/b', 'content-length': length } },
          (response) => resolve(response.resume().statusCode ?? 0),
        );
        request.on('error', () => undefined);
        cleanups.push(() => void request.destroy());
        request.write('x'.repeat(bytes));
        if (bytes === length) request.end();
      });
    const stalled = Array.from({ length: 3 }, () => send(1, 1_000_000));
    expect(await Promise.race(stalled)).toBe(503);
    expect(await send(1_000)).toBe(201);
  });

  test('a batch of many lines is counted as it comes', async () => {
    const { url } = await serve();
    const lines = Array.from({ length: 20_000 }, () => '{"agentId":"web-1"}');
    const response = await fetch(`${url}/heartbeats`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-ndjson' },
      body: `${lines.join('\n')}\nbroken`,
    });
    expect(await response.json()).toMatchObject({ accepted: 20_000, rejected: [{ index: 20_000, line: 20_001 }] });
  });

  test('a body that breaks off does no harm', async () => {
    const { url, guard, log } = await serve();
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1');
    const head = `POST /heartbeats HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/x-ndjson\r\ncontent-length: 1000\r\n\r\n`;
    await new Promise<void>((resolve) => socket.write(`${head}{"agentId":"web-1","seq":1}\n{"agen`, () => resolve()));
    await expect.poll(() => guard.heartbeat({ agentId: 'web-1', seq: 1 })).toBe('duplicate');
    socket.destroy();
    await expect.poll(async () => (await fetch(`${url}/health/live`)).status).toBe(200);
    expect(log.entries.filter(({ level }) => level === 'error')).toEqual([]);
  });

  test('what is not HTTP is refused, and the others are served on', async () => {
    const { url } = await serve();
    const answer = await new Promise<string>((resolve) => {
      const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write('GARBAGE\r\n\r\n'));
      let text = '';
      socket.on('data', (chunk) => (text += chunk.toString()));
      socket.on('close', () => resolve(text));
    });
    expect(answer).toMatch(/^HTTP\/1\.1 400 /);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });
});

describe('events over a real socket', () => {
  test('arrive with number and type, and a client that comes back gets what it missed', async () => {
    const { url, guard } = await serve();
    const first = await fetch(`${url}/api/v1/events`);
    expect(first.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    const reading = readEvents(first, (text) => text.includes('agent.health-changed'));
    guard.putAgent({ id: 'web-1', group: 'web' }, { health: 'failed' });
    expect(await reading).toMatch(/event: agent\.health-changed\nid: [a-z0-9]+-2\ndata: /);
    const seen = /^id: (.+-2)$/m.exec(await reading)?.[1] ?? '';
    guard.putAgent({ id: 'web-1', group: 'web' }, { health: 'degraded' });
    guard.putAgent({ id: 'web-1', group: 'web' }, { health: 'healthy' });
    const again = await fetch(`${url}/api/v1/events`, { headers: { 'last-event-id': seen } });
    const missed = await readEvents(again, (text) => /^id: .+-4$/m.test(text));
    expect([...missed.matchAll(/^id: .+-(\d+)$/gm)].map(([, id]) => id)).toEqual(['3', '4']);
  });

  test('are filtered by type, and an unknown type is refused', async () => {
    const { url, guard } = await serve();
    const reading = readEvents(await fetch(`${url}/api/v1/events?types=guard.degraded`), (text) =>
      text.includes('guard.degraded'),
    );
    guard.putAgent({ id: 'web-9', group: 'web' });
    guard.emit('guard.degraded', { what: 'a', why: 'b' });
    expect(await reading).not.toContain('agent.registered');
    expect((await fetch(`${url}/api/v1/events?types=guard.happy`)).status).toBe(400);
  });

  test('tell of storms, holds and answers as they tell of agents', async () => {
    const { url, guard } = await serve();
    const types = guardEventTypes.filter((type) => /^(storm|hold|approval)\./.test(type));
    const response = await fetch(`${url}/api/v1/events?types=${types.join(',')}`);
    const reading = readEvents(response, (text) => text.includes(`event: ${types.at(-1)}`));
    for (const type of types) guard.emit(type, { told: type } as never);
    const told = await reading;
    expect(types).toHaveLength(7);
    expect([...told.matchAll(/^event: (?!stream)(\S+)$/gm)].map(([, type]) => type)).toEqual(types);
  });

  test('are refused to more clients than allowed', async () => {
    const { url } = await serve({ ...open, sse: { maxClients: 1 } });
    const one = await fetch(`${url}/api/v1/events`);
    const two = await fetch(`${url}/api/v1/events`);
    expect([two.status, ((await two.json()) as { code: string }).code, two.headers.get('retry-after')]).toEqual([
      503,
      'GUARD_HTTP_BUSY',
      '5',
    ]);
    await one.body?.cancel();
    await expect
      .poll(async () => {
        const response = await fetch(`${url}/api/v1/events`);
        await response.body?.cancel();
        return response.status;
      })
      .toBe(200);
  });

  test('leave room again when a connection ends on which several were asked for', async () => {
    const { url } = await serve({ ...open, sse: { maxClients: 3 } });
    const ask = 'GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n';
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => socket.write(ask.repeat(3)));
    const statuses = async () => {
      const responses = await Promise.all([1, 2, 3].map(() => fetch(`${url}/api/v1/events`)));
      for (const { body } of responses) await body?.cancel();
      return responses.map(({ status }) => status);
    };
    await expect.poll(statuses).toEqual([503, 503, 503]);
    socket.destroy();
    await expect.poll(statuses).toEqual([200, 200, 200]);
  });

  test('drop a client that reads nothing, and the guard goes on', async () => {
    const { url, guard, log } = await serve();
    const socket = net.connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.pause();
      socket.write('GET /api/v1/events HTTP/1.1\r\nhost: localhost\r\n\r\n');
    });
    socket.on('error', () => undefined);
    cleanups.push(() => void socket.destroy());
    const dropped = () => log.entries.some(({ message }) => message.includes('reads too slowly'));
    await expect
      .poll(
        () => {
          for (let n = 0; n < 50; n += 1) guard.emit('guard.degraded', { what: 'x', why: 'y'.repeat(20_000) });
          return dropped();
        },
        { timeout: 30_000 },
      )
      .toBe(true);
    expect((await fetch(`${url}/health/live`)).status).toBe(200);
  });

  test('bring a client that was away everything it missed, however much that is', async () => {
    const { url, guard } = await serve();
    for (let n = 1; n <= 300; n += 1) guard.emit('guard.degraded', { what: `part ${n}.`, why: 'y'.repeat(20_000) });
    const response = await fetch(`${url}/api/v1/events?after=none`);
    const text = await readEvents(response, (read) => read.includes('part 300.'));
    const parts = [...text.matchAll(/part (\d+)\./g)].map(([, part]) => Number(part));
    expect(parts).toEqual(Array.from({ length: 300 }, (_, at) => at + 1));
  });

  test('end when the surface stops', async () => {
    const { url, surface } = await serve();
    const response = await fetch(`${url}/api/v1/events`);
    const reading = readEvents(response, () => false);
    await surface.stop();
    expect(await reading).toContain('stream.opened');
    await expect(fetch(`${url}/health/live`)).rejects.toThrow('fetch failed');
  });
});

test('a reader of a state that goes away before it was read takes no room for ever', async () => {
  const { url, guard } = await serve({ ...open, limits: { state: 100 } });
  await guard.checkpoints.save('web-1', new Uint8Array(100), { contentType: 'a/b' });
  const latest = guard.checkpoints.latest.bind(guard.checkpoints);
  const state = `${url}/api/v1/agents/web-1/state`;
  for (let n = 0; n < 5; n += 1) {
    const away = new AbortController();
    let read = (): void => undefined;
    const reading = new Promise<void>((resolve) => (read = resolve));
    vi.spyOn(guard.checkpoints, 'latest').mockImplementationOnce(async (agentId, options) => {
      away.abort();
      // The connection has to be known to be gone before there is anything to count.
      await expect.poll(() => fetch(`${url}/health/live`).then(({ ok }) => ok)).toBe(true);
      const found = await latest(agentId, options);
      read();
      return found;
    });
    await expect(fetch(state, { signal: away.signal })).rejects.toThrow('aborted');
    await reading;
  }
  expect((await fetch(state)).status).toBe(200);
});

test('stop() lets a request under way end', async () => {
  const { url, guard, surface } = await serve();
  let release = (): void => undefined;
  const arrived = new Promise<void>((resolve) => {
    guard.agents.deregister = () => {
      resolve();
      return new Promise((done) => (release = done));
    };
  });
  const response = fetch(`${url}/api/v1/agents/web-1`, { method: 'DELETE' });
  await arrived;
  const stopping = surface.stop();
  release();
  expect((await response).status).toBe(204);
  await stopping;
});

test('as a plain handler it serves behind a server of somebody else, and refuses when it is closed', async () => {
  const guard = new FakeGuard();
  const kit = createKit();
  const handler = createHandler(guard, { auth: 'loopback-open' }, { clock: systemClock(), log: kit.log });
  const server = http.createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  cleanups.push(() => new Promise((resolve) => server.close(resolve)));
  const url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`;
  const register = await fetch(`${url}/api/v1/agents`, {
    method: 'POST',
    headers: json,
    body: '{"id":"a","group":"g"}',
  });
  expect(register.status).toBe(201);
  await handler.close();
  expect(guard.listeners).toBe(0);
  const refused = await fetch(`${url}/api/v1/agents`);
  expect([refused.status, ((await refused.json()) as { code: string }).code]).toEqual([503, 'GUARD_NOT_RUNNING']);
});
