import assert from 'node:assert/strict';
import { writeFileSync, readFileSync } from 'node:fs';
import { createServer as createHttpServer, request } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import { agentsOf, startInVain } from './command.ts';
import type { TestHost } from './config.ts';
import { createTestHost } from './config.ts';
import type { AgentLine, Answer } from './host.ts';
import { RunningHost } from './host.ts';

let folder: TestHost;
let host: RunningHost;

beforeAll(async () => {
  const probe = { every: '1s', timeout: '900ms' };
  folder = await createTestHost({
    groups: { workers: 2 },
    sections: {
      // What registers itself from this machine is outside: only the orchestrator's agents may be called.
      probes: {
        allowedNetworks: ['198.51.100.0/24'],
        liveness: probe,
        readiness: probe,
        performance: probe,
        startGrace: '10s',
      },
      // Long enough for a machine that has much else to do: nobody is to fail here.
      heartbeat: { every: '500ms', timeout: '4s', silentFor: '60s' },
      checkpoints: { every: '1s' },
    },
  });
  host = new RunningHost(folder);
  await host.start();
  await host.healthy(2);
});

afterAll(async () => {
  await host.stop();
  folder.remove();
});

/** Whatever was done to it: the same host counts heartbeats, and its agents are well and were never thought otherwise. */
afterEach(async () => {
  assert.equal((await host.ask('POST', '/heartbeat', { agentId: 'workers.1' })).status, 204);
  const agents = (await host.agents()).filter(({ agent }) => agent.id.startsWith('workers'));
  assert.deepEqual(
    agents.map(({ health, breaker }) => [health, breaker]),
    agents.map(() => ['healthy', 'closed']),
  );
  const theirs = (await host.incidents()).filter(({ agentId }) => agentId.startsWith('workers'));
  assert.deepEqual(theirs, []);
  assert.equal(agentsOf(host.url).length, 2);
});

type Sent = { readonly path: string; readonly type?: string; readonly body: string | Buffer };

/** Sends bytes as they are, and reads the answer to its end. */
function send({ path, type = 'application/json', body }: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-length': Buffer.byteLength(body) };
    const sent = request(`${host.url}${path}`, { method: 'POST', headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString('utf8');
        resolve({ status: response.statusCode ?? 0, body: text === '' ? undefined : JSON.parse(text) });
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

async function register(registration: { readonly id: string; readonly [field: string]: unknown }): Promise<Answer> {
  return host.ask('POST', '/api/v1/agents', { group: 'strangers', ...registration });
}

const remarksOf = async (id: string): Promise<readonly { code: string; text: string }[]> =>
  ((await host.agent(id)) as AgentLine & { remarks?: { code: string; text: string }[] }).remarks ?? [];

it('answers the heartbeat of an agent that nobody knows with a problem', async () => {
  const answer = await host.ask('POST', '/heartbeat', { agentId: 'nobody.1' });
  expect(answer).toMatchObject({
    status: 404,
    body: { code: 'GUARD_AGENT_UNKNOWN', status: 404, detail: expect.stringContaining('nobody.1'), remedy: /./ },
  });
});

it('refuses an id that is taken: by a group, and by a newer instance', async () => {
  expect(await register({ id: 'workers.1' })).toMatchObject({
    status: 409,
    body: { code: 'GUARD_AGENT_CONFLICT', detail: expect.stringContaining('group workers') },
  });
  expect((await register({ id: 'twice.1', instance: 'new', generation: 5 })).status).toBe(201);
  expect(await register({ id: 'twice.1', instance: 'old', generation: 4 })).toMatchObject({
    status: 409,
    body: { code: 'GUARD_AGENT_STALE' },
  });
  expect((await host.agent('twice.1')).agent.instance?.id).toBe('new');
});

it('takes a heartbeat from the future for one of now, and says that the clock is off', async () => {
  await register({ id: 'ahead.1' });
  const at = '2126-01-01T00:00:00Z';
  expect((await host.ask('POST', '/heartbeat', { agentId: 'ahead.1', at })).status).toBe(204);
  expect(await remarksOf('ahead.1')).toMatchObject([{ code: 'clock-skewed' }]);
  // It sends no more: the timeout of 4 s is counted from its arrival, not from what it said.
  await host.until('its silence is noticed', async () =>
    (await host.agent('ahead.1')).findings.some(({ kind }) => kind === 'heartbeat-timeout'),
  );
  expect((await host.ask('POST', '/heartbeat', { agentId: 'ahead.1', at: new Date().toISOString() })).status).toBe(204);
  expect(await remarksOf('ahead.1')).toEqual([]);
  expect((await host.ask('DELETE', '/api/v1/agents/ahead.1')).status).toBe(204);
});

it.each([
  ['NaN, which JSON has no word for', '{"p95_latency_ms":NaN}', 'GUARD_HTTP_BODY', 'line 1, column 52'],
  [
    'a number that is infinite',
    '{"p95_latency_ms":1e999}',
    'GUARD_SIGNAL_INVALID',
    'metrics.p95_latency_ms is Infinity',
  ],
  ['a negative number', '{"cpu_usage":-0.5}', 'GUARD_SIGNAL_INVALID', 'metrics.cpu_usage is -0.5'],
  ['a share above 1', '{"error_rate":7}', 'GUARD_SIGNAL_INVALID', 'metrics.error_rate is 7'],
  ['text', '{"error_rate":"0"}', 'GUARD_SIGNAL_INVALID', 'metrics.error_rate is "0"'],
])('refuses %s as a figure, naming the place', async (_, metrics, code, where) => {
  const body = `{"agentId":"workers.1","metrics":${metrics}}`;
  expect(await send({ path: '/heartbeat', body })).toMatchObject({
    status: 400,
    body: { code, detail: expect.stringContaining(where) },
  });
});

it.each(['/heartbeat', '/api/v1/agents', '/api/v1/holds', '/api/v1/agents/workers.1/errors'])(
  'refuses 10 MB at %s, and every sender gets to read why',
  async (path) => {
    const body = JSON.stringify({ agentId: 'workers.1', padding: 'x'.repeat(10_000_000) });
    for (let time = 0; time < 5; time += 1) {
      expect(await send({ path, body })).toMatchObject({ status: 413, body: { code: 'GUARD_HTTP_TOO_LARGE' } });
    }
  },
);

it('refuses a batch beyond its limit, and within it only the line that is too long', async () => {
  const good = '{"agentId":"workers.1"}\n';
  const type = 'application/x-ndjson';
  const path = '/heartbeats';
  expect(await send({ path, type, body: Buffer.alloc(17 * 1_048_576, ' ') })).toMatchObject({ status: 413 });
  expect(await send({ path, type, body: `${good}${'x'.repeat(10_000_000)}\n${good}` })).toMatchObject({
    status: 200,
    body: { accepted: 2, rejected: [{ index: 1, line: 2, code: 'GUARD_HTTP_BODY' }] },
  });
});

it('counts what is whole of a batch that was cut off, and tells the rest with its line', async () => {
  await register({ id: 'cut.1' });
  const body = '{"agentId":"cut.1"}\n\n{"agentId":"workers.1"}\n{"agentId":"wor';
  expect(await send({ path: '/heartbeats', type: 'application/x-ndjson', body })).toMatchObject({
    status: 200,
    body: {
      accepted: 2,
      rejected: [{ index: 2, line: 4, code: 'GUARD_HTTP_BODY', detail: expect.stringMatching(/^line 4: .*too early/) }],
    },
  });
  await host.ask('DELETE', '/api/v1/agents/cut.1');
});

it('counts what arrived when the connection breaks off in the middle of a batch', async () => {
  await register({ id: 'broken.1' });
  const { hostname, port } = new URL(host.url);
  const socket = connect(Number(port), hostname);
  const head = `POST /heartbeats HTTP/1.1\r\nhost: ${hostname}:${port}\r\ncontent-type: application/x-ndjson\r\n`;
  socket.write(`${head}content-length: 1000\r\n\r\n{"agentId":"broken.1"}\n{"agentId":"bro`);
  const heard = async (): Promise<boolean> => 'silentMs' in (await host.agent('broken.1'));
  await host.until('the whole line is counted', heard);
  socket.destroy();
  await host.ask('DELETE', '/api/v1/agents/broken.1');
});

it('never calls an address that an agent named itself outside the allowed networks, and says why', async () => {
  let calls = 0;
  const server = createHttpServer((_, response) => response.end('{}')).on('connection', () => (calls += 1));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as AddressInfo;
  const strangers = {
    'stranger.1': `http://127.0.0.1:${port}`,
    'stranger.2': `http://localhost:${port}`,
    'stranger.3': `http://[::ffff:127.0.0.1]:${port}`,
    'stranger.4': 'http://169.254.169.254',
    'stranger.5': 'http://metadata.google.internal',
  };
  try {
    for (const [id, endpoint] of Object.entries(strangers)) expect((await register({ id, endpoint })).status).toBe(201);
    // Each was due for a probe, and a heartbeat makes it one that is asked when it falls silent, too.
    for (const id of Object.keys(strangers)) await host.ask('POST', '/heartbeat', { agentId: id });
    for (const id of Object.keys(strangers)) {
      await host.until(`${id} says why it is not asked`, async () =>
        (await remarksOf(id)).some(({ code }) => code === 'endpoint-denied'),
      );
      await host.until(`${id} is missed`, async () => (await host.agent(id)).findings.length > 0);
    }
    const told = await Promise.all(Object.keys(strangers).map(async (id) => (await remarksOf(id))[0]?.text));
    expect(told.slice(0, 3)).toEqual(Array.from({ length: 3 }, () => expect.stringContaining('none of the allowed')));
    expect(told.slice(3)).toEqual(Array.from({ length: 2 }, () => expect.stringContaining('metadata')));
    expect(calls).toBe(0);
    for (const id of Object.keys(strangers)) await host.ask('DELETE', `/api/v1/agents/${id}`);
  } finally {
    server.closeAllConnections();
    await new Promise((closed) => server.close(closed));
  }
});

it.each([
  [
    'its store',
    'GUARD_STATE_LOCKED',
    { store: { use: '@praetorian-guard/plugin-level', config: { path: './data/store' } } },
  ],
  ['its port', 'GUARD_HTTP_PORT_IN_USE', {}],
])('keeps %s: another guard that wants it ends with code 1 and a remedy', async (_, code, sections) => {
  const config = JSON.parse(readFileSync(folder.config, 'utf8')) as { plugins: object; store: object };
  const second = join(folder.folder, 'second.yaml');
  writeFileSync(second, JSON.stringify({ ...config, plugins: {}, store: { use: 'memory' }, ...sections }));
  const ended = await startInVain(second);
  expect(ended.stderr).toMatch(new RegExp(`${code}: .*\\n {2}remedy: \\w`));
  expect(ended.code).toBe(1);
});
