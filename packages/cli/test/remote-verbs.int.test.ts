import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { praetorian, startPraetorian } from './praetorian.ts';

interface Seen {
  readonly method: string;
  readonly url: string;
  readonly authorization: string | undefined;
  readonly body: unknown;
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

const seen: Seen[] = [];
let reply: Reply | ((request: Seen) => Reply) = { status: 200, body: {} };
let server: Server;
let url = '';

beforeAll(async () => {
  server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const text = Buffer.concat(chunks).toString('utf8');
      const { method = '', url: path = '', headers } = request;
      const one: Seen = {
        method,
        url: path,
        authorization: headers.authorization,
        body: text ? JSON.parse(text) : undefined,
      };
      seen.push(one);
      const { status, body } = typeof reply === 'function' ? reply(one) : reply;
      response.writeHead(status, { 'content-type': 'application/json' });
      response.end(typeof body === 'string' ? body : (JSON.stringify(body) ?? ''));
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterAll(() => new Promise((resolve) => server.close(resolve)));

beforeEach(() => {
  seen.length = 0;
});

const incident = {
  id: 'inc_1',
  agentId: 'workers.1',
  group: 'workers',
  state: 'resolved',
  outcome: 'healed',
  openedAt: 1_000,
  resolvedAt: 13_000,
  signature: 'exit',
  findings: [],
  attempts: [
    {
      number: 1,
      plan: { rung: 'restart', skipped: [] },
      steps: [],
      startedAt: 2_000,
      endedAt: 3_000,
      verdict: 'healed',
    },
  ],
  because: { code: 'watch-passed', text: 'It stayed healthy.' },
};

const agent = {
  agent: { id: 'workers.1', group: 'workers', labels: {}, dependsOn: [], criticality: 0, source: 'orchestrator' },
  health: 'healthy',
  since: 0,
  breaker: 'closed',
  mode: 'auto',
  score: { score: 97.5, terms: [] },
  metrics: { p95_latency_ms: 12.3456 },
  findings: [],
  missed: 0,
  failures: 2,
};

test('agents are listed over all pages', async () => {
  reply = ({ url: path }) =>
    path.includes('after=workers.1')
      ? { status: 200, body: { items: [{ ...agent, agent: { ...agent.agent, id: 'workers.2' } }] } }
      : { status: 200, body: { items: [agent], next: 'workers.1' } };
  const { code, stdout } = await praetorian(['agents', '--url', url]);
  expect(code).toBe(0);
  expect(stdout.split('\n').map((line) => line.split(/ +/)[0])).toEqual(['AGENT', 'workers.1', 'workers.2', '']);
});

test('one agent is shown in full', async () => {
  reply = { status: 200, body: agent };
  const { code, stdout } = await praetorian(['agents', 'workers.1', '--url', url]);
  expect(code).toBe(0);
  expect(seen[0]?.url).toBe('/api/v1/agents/workers.1');
  expect(stdout).toMatch(/score +97\.5/);
  expect(stdout).toMatch(/p95_latency_ms 12\.346/);
});

test('incidents are filtered where they are', async () => {
  reply = { status: 200, body: { items: [incident] } };
  const { stdout } = await praetorian([
    'incidents',
    '--url',
    url,
    '--agent',
    'workers.1',
    '--state',
    'resolved',
    '--limit',
    '5',
  ]);
  expect(seen[0]?.url).toBe('/api/v1/incidents?agentId=workers.1&state=resolved&limit=5');
  expect(stdout).toMatch(/inc_1 +workers\.1 +resolved: healed +- +1 .* It stayed healthy\. It took 12s\./);
});

test('an incident is shown with its attempts', async () => {
  reply = { status: 200, body: incident };
  const { stdout } = await praetorian(['incidents', 'inc_1', '--url', url]);
  expect(stdout).toMatch(/attempt 1 {2}restart: healed in 1s/);
});

test('--json prints what the guard said', async () => {
  reply = { status: 200, body: incident };
  const { stdout } = await praetorian(['incidents', 'inc_1', '--json', '--url', url]);
  expect(JSON.parse(stdout)).toEqual(incident);
});

test('an explanation tells why and what would change it', async () => {
  const reason = { code: 'hold', text: 'Ana holds it.' };
  reply = {
    status: 200,
    body: { summary: 'workers.1 is held.', decisions: [{ reason }], wouldChange: ['Release hold h1.'], timeline: [] },
  };
  const { stdout } = await praetorian(['explain', 'workers.1', '--url', url]);
  expect(seen[0]?.url).toBe('/api/v1/agents/workers.1/explain');
  expect(stdout).toMatch(/workers\.1 is held\.[^]*Ana holds it\.[^]*Release hold h1\./);
});

test.each(['acknowledge', 'approve', 'reject', 'resolve'])('%s posts the decision with its note', async (verb) => {
  reply = { status: 200, body: incident };
  const { code } = await praetorian([verb, 'inc_1', '--note', 'seen', '--url', url]);
  expect(code).toBe(0);
  expect(seen).toMatchObject([{ method: 'POST', url: `/api/v1/incidents/inc_1/${verb}`, body: { note: 'seen' } }]);
});

test('a hold names its scope, its end and who wants it', async () => {
  reply = { status: 201, body: { id: 'h1', scope: { kind: 'group', group: 'workers' }, until: 0 } };
  const { code, stdout } = await praetorian(
    ['hold', 'group:workers', '--for', '30m', '--reason', 'rollout', '--url', url],
    {
      env: { USER: 'ana' },
    },
  );
  expect(code).toBe(0);
  const body = {
    by: 'ana',
    scope: { kind: 'group', group: 'workers' },
    ttl: '30m',
    reason: 'rollout',
    maintenance: false,
  };
  expect(seen).toMatchObject([
    { method: 'GET', url: '/api/v1/agents?group=workers&limit=1' },
    { method: 'POST', url: '/api/v1/holds', body },
  ]);
  expect(stdout).toMatch(/^h1 {2}group:workers is held until .*praetorian release h1`\n$/);
});

test.each([
  ['group:wrokers', { status: 200, body: { items: [] } }],
  ['agent:workers.9', { status: 404, body: { title: 'Not Found' } }],
])('a hold on somebody unknown is placed, and says that nobody is of that name: %s', async (scope, unknown) => {
  const hold = { id: 'h1', scope: { kind: 'group', group: 'wrokers' }, until: 0 };
  reply = ({ method }) => (method === 'GET' ? unknown : { status: 201, body: hold });
  const { code, stdout } = await praetorian(['hold', scope, '--for', '30m', '--reason', 'rollout', '--url', url]);
  expect(code).toBe(0);
  expect(stdout).toContain('Mind the name: the guard knows no agent of');
});

test('a hold of no duration is not asked for', async () => {
  const { code, stderr } = await praetorian(['hold', 'fleet', '--for', '5x', '--reason', 'rollout', '--url', url]);
  expect({ code, asked: seen.length }).toEqual({ code: 2, asked: 0 });
  expect(stderr).toContain('--for is 5x; allowed is a duration such as 30m');
});

test('a storm is explained by its record', async () => {
  const storm = 'storm_01ARZ3NDEKTSV4RRFFQ69G5FAV';
  reply = { status: 404, body: { title: 'Not Found', detail: `There is no storm ${storm}.` } };
  const { stderr } = await praetorian(['explain', storm, '--url', url]);
  expect(seen[0]?.url).toBe(`/api/v1/storms/${storm}`);
  expect(stderr).toContain(`There is no storm ${storm}.`);
});

test.each(['inc_proxy', 'storm_drain'])('an agent named %s is explained as an agent', async (agent) => {
  reply = { status: 404, body: { title: 'Not Found' } };
  await praetorian(['explain', agent, '--url', url]);
  expect(seen[0]?.url).toBe(`/api/v1/agents/${agent}/explain`);
});

test('a token goes to no other host, however many slashes the address ends with', async () => {
  reply = { status: 404, body: { title: 'Not Found' } };
  await praetorian(['incidents', '--url', `${url}//`, '--token', 'secret']);
  expect(seen[0]).toMatchObject({ authorization: 'Bearer secret' });
  expect(new URL(seen[0]?.url ?? '', url)).toMatchObject({ host: new URL(url).host });
  expect(seen.map((one) => one.url.split('?')[0])).toEqual(['/api/v1/storms']);
});

test('an answer that is not one of a guard is a failure for programs too', async () => {
  reply = { status: 200, body: { hello: 'world' } };
  const { code, stdout, stderr } = await praetorian(['agents', '--json', '--url', url]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(JSON.parse(stderr)).toMatchObject({ error: { message: expect.stringContaining('not one of a guard') } });
});

test('a failure stays one when nobody reads the output', async () => {
  const broken = { chain: 'shard-1', seq: 4, hash: 'a'.repeat(64), broken: { seq: 2, why: 'x'.repeat(100_000) } };
  reply = { status: 200, body: { ok: false, entries: 4, chains: [broken] } };
  const asked = startPraetorian(['audit', 'verify', '--json', '--url', url]);
  asked.child.stdout?.destroy();
  expect((await asked.ended).code).toBe(1);
});

test('a release says who and why', async () => {
  reply = { status: 200, body: undefined };
  await praetorian(['release', 'h1', '--note', 'done early', '--url', url], { env: { USER: 'ana' } });
  expect(seen).toMatchObject([{ method: 'DELETE', url: '/api/v1/holds/h1?by=ana&note=done+early' }]);
});

test('a respawn carries its override', async () => {
  reply = { status: 202, body: incident };
  const override = '{"memoryLimit":"2GB"}';
  await praetorian(['respawn', 'workers.1', '--restore-state', '--config-override', override, '--url', url]);
  expect(seen).toMatchObject([
    { url: '/api/v1/agents/workers.1/respawn', body: { restoreState: true, configOverride: { memoryLimit: '2GB' } } },
  ]);
});

test('the token goes with the request, and the environment gives the defaults', async () => {
  reply = { status: 200, body: { items: [] } };
  const { code, stdout } = await praetorian(['holds'], { env: { PRAETORIAN_URL: url, PRAETORIAN_TOKEN: 'from-env' } });
  expect({ code, stdout }).toEqual({ code: 0, stdout: 'no holds\n' });
  await praetorian(['holds', '--url', url, '--token', 'given'], { env: { PRAETORIAN_TOKEN: 'from-env' } });
  expect(seen.map(({ authorization }) => authorization)).toEqual(['Bearer from-env', 'Bearer given']);
});

test('a refusal is told with its remedy, and fails', async () => {
  reply = {
    status: 409,
    body: { title: 'Conflict', detail: 'It is resolved.', code: 'GUARD_INCIDENT_STATE', remedy: 'Read its timeline.' },
  };
  const { code, stdout, stderr } = await praetorian(['approve', 'inc_1', '--url', url]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr).toBe('praetorian: GUARD_INCIDENT_STATE: It is resolved.\n  remedy: Read its timeline.\n');
});

test.each([
  ['HTML', '<html></html>'],
  ['JSON of another shape', { hello: 'world' }],
])('another server that answers %s is noticed', async (_, body) => {
  reply = { status: 200, body };
  const { code, stdout, stderr } = await praetorian(['agents', '--url', url]);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
  expect(stderr.split('\n')).toHaveLength(2);
  expect(stderr).toMatch(/^praetorian: .*(another server|not one of a guard)/);
});

test('without a guard it says so in one line, with code 3', async () => {
  const free = createServer();
  await new Promise<void>((resolve) => free.listen(0, '127.0.0.1', resolve));
  const { port } = free.address() as AddressInfo;
  await new Promise((resolve) => free.close(resolve));
  const { code, stderr } = await praetorian(['status', '--url', `http://127.0.0.1:${port}`]);
  expect(code).toBe(3);
  expect(stderr).toMatch(/^praetorian: no guard answers at .*ECONNREFUSED.*\n$/);
});
