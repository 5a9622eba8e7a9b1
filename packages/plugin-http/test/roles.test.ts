import type { InjectOptions } from 'fastify';
import { describe, expect, test } from 'vitest';
import { takesBody } from '../src/route.ts';
import { bearer, createRig, type Rig, tokens } from './fixture.ts';

type Who = keyof typeof tokens | 'nobody' | 'stranger';

/** What each route answers to whom when the subject is web-1: 2xx and 4xx of the route itself count as let in. */
const matrix: [string, { [W in Who]: 'in' | 401 | 403 }][] = [
  ['POST /heartbeat', { operator: 'in', viewer: 403, web1: 'in', webGroup: 'in', nobody: 401, stranger: 401 }],
  ['POST /heartbeats', { operator: 'in', viewer: 403, web1: 'in', webGroup: 'in', nobody: 401, stranger: 401 }],
  ['GET /api/v1/agents', { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['POST /api/v1/agents', { operator: 'in', viewer: 403, web1: 'in', webGroup: 'in', nobody: 401, stranger: 401 }],
  ['GET /api/v1/agents/:id', { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['DELETE /api/v1/agents/:id', { operator: 'in', viewer: 403, web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  [
    'POST /api/v1/agents/:id/respawn',
    { operator: 'in', viewer: 403, web1: 403, webGroup: 403, nobody: 401, stranger: 401 },
  ],
  [
    'GET /api/v1/agents/:id/explain',
    { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 },
  ],
  [
    'PUT /api/v1/agents/:id/state',
    { operator: 'in', viewer: 403, web1: 'in', webGroup: 'in', nobody: 401, stranger: 401 },
  ],
  [
    'GET /api/v1/agents/:id/state',
    { operator: 'in', viewer: 'in', web1: 'in', webGroup: 'in', nobody: 401, stranger: 401 },
  ],
  [
    'POST /api/v1/agents/:id/errors',
    { operator: 'in', viewer: 403, web1: 'in', webGroup: 'in', nobody: 401, stranger: 401 },
  ],
  ['GET /api/v1/incidents', { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  [
    'GET /api/v1/groups/:id/slo',
    { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 },
  ],
  ['GET /api/v1/storms', { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['GET /api/v1/storms/:id', { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['GET /api/v1/incidents/:id', { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  [
    'GET /api/v1/incidents/:id/explain',
    { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 },
  ],
  [
    'POST /api/v1/incidents/:id/acknowledge',
    { operator: 'in', viewer: 403, web1: 403, webGroup: 403, nobody: 401, stranger: 401 },
  ],
  [
    'POST /api/v1/incidents/:id/approve',
    { operator: 'in', viewer: 403, web1: 403, webGroup: 403, nobody: 401, stranger: 401 },
  ],
  [
    'POST /api/v1/incidents/:id/reject',
    { operator: 'in', viewer: 403, web1: 403, webGroup: 403, nobody: 401, stranger: 401 },
  ],
  [
    'POST /api/v1/incidents/:id/resolve',
    { operator: 'in', viewer: 403, web1: 403, webGroup: 403, nobody: 401, stranger: 401 },
  ],
  ['GET /api/v1/holds', { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['POST /api/v1/holds', { operator: 'in', viewer: 403, web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['DELETE /api/v1/holds/:id', { operator: 'in', viewer: 403, web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['GET /api/v1/audit', { operator: 'in', viewer: 403, web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['GET /api/v1/audit/verify', { operator: 'in', viewer: 403, web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['GET /api/v1/status', { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['GET /api/v1/routes', { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['GET /api/v1/events', { operator: 'in', viewer: 'in', web1: 403, webGroup: 403, nobody: 401, stranger: 401 }],
  ['GET /health/live', { operator: 'in', viewer: 'in', web1: 'in', webGroup: 'in', nobody: 'in', stranger: 'in' }],
  ['GET /health/ready', { operator: 'in', viewer: 'in', web1: 'in', webGroup: 'in', nobody: 'in', stranger: 'in' }],
  [
    'GET /health/performance',
    { operator: 'in', viewer: 'in', web1: 'in', webGroup: 'in', nobody: 'in', stranger: 'in' },
  ],
  ['GET /openapi.json', { operator: 'in', viewer: 'in', web1: 'in', webGroup: 'in', nobody: 'in', stranger: 'in' }],
  ['GET /', { operator: 'in', viewer: 'in', web1: 'in', webGroup: 'in', nobody: 'in', stranger: 'in' }],
];

const bodies: { [route: string]: unknown } = {
  'POST /heartbeats': [{ agentId: 'web-1' }],
  'POST /api/v1/agents': { id: 'web-1', group: 'web' },
  'POST /api/v1/agents/:id/errors': { message: 'x' },
  'POST /api/v1/holds': { scope: { kind: 'fleet' }, reason: 'r', ttl: '1h' },
};

function requestOf(route: string, who: Who): InjectOptions {
  const [method, path] = route.split(' ') as ['GET', string];
  const named =
    who === 'nobody' ? {} : who === 'stranger' ? { authorization: 'Bearer not-a-token-of-the-config' } : bearer(who);
  const hasBody = !['GET', 'DELETE'].includes(method);
  return {
    method,
    url: path.replace(':id', path.includes('incidents') ? 'inc_1' : 'web-1'),
    headers: { ...named, ...(hasBody ? { 'content-type': 'application/json' } : {}) },
    payloadAsStream: true,
    ...(hasBody ? { payload: JSON.stringify(bodies[route] ?? { agentId: 'web-1' }) } : {}),
  };
}

async function answer(rig: Rig, request: InjectOptions): Promise<number> {
  const response = await rig.app.inject(request);
  response.stream().destroy();
  return response.statusCode;
}

describe('who may do what', () => {
  test.each(matrix)('%s', async (route, expected) => {
    const rig = await createRig();
    for (const [who, verdict] of Object.entries(expected)) {
      const status = await answer(rig, requestOf(route, who as Who));
      expect({ who, verdict: status === 401 || status === 403 ? status : 'in' }).toEqual({ who, verdict });
      expect(status).toBeLessThan(500);
    }
    rig.release();
  });

  test('stands in the matrix for every route', async () => {
    const { routes } = await createRig();
    const known = new Set(matrix.map(([route]) => route));
    const missing = routes
      .filter((spec) => spec.tag !== 'page')
      .filter((spec) => !known.has(`${spec.method} ${spec.path}`));
    expect(missing.map((spec) => `${spec.method} ${spec.path}`)).toEqual([]);
  });
});

describe('a token of an agent', () => {
  const foreign: [string, string, unknown][] = [
    ['POST', '/heartbeat', { agentId: 'db-1' }],
    ['POST', '/api/v1/agents', { id: 'db-1', group: 'db' }],
    ['PUT', '/api/v1/agents/db-1/state', 'x'],
    ['GET', '/api/v1/agents/db-1/state', undefined],
    ['POST', '/api/v1/agents/db-1/errors', { message: 'x' }],
  ];

  test.each(foreign)('speaks for its own only: %s %s', async (method, url, payload) => {
    const rig = await createRig();
    for (const who of ['web1', 'webGroup'] as const) {
      const response = await rig.app.inject({
        method: method as 'GET',
        url,
        headers: { ...bearer(who), ...(payload === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(payload === undefined ? {} : { payload: JSON.stringify(payload) }),
      });
      expect([who, response.statusCode, response.json<{ code: string }>().code]).toEqual([
        who,
        403,
        'GUARD_HTTP_FORBIDDEN',
      ]);
    }
    expect(rig.guard.calls).toEqual([]);
  });

  test('of a group may register a new agent of the group, and cannot draw one of another into it', async () => {
    const rig = await createRig();
    const register = (payload: object) =>
      rig.app.inject({ method: 'POST', url: '/api/v1/agents', headers: bearer('webGroup'), payload });
    expect((await register({ id: 'web-9', group: 'web' })).statusCode).toBe(201);
    expect((await register({ id: 'db-1', group: 'web' })).statusCode).toBe(403);
    expect((await register({ id: 'x-1', group: 'db' })).statusCode).toBe(403);
  });

  test('of an agent and a group may register the agent there and nowhere else', async () => {
    const rig = await createRig({
      tokens: [{ name: 'web-9', role: 'agent', token: tokens.web1, agentId: 'web-9', group: 'web' }],
    });
    const register = (payload: object) =>
      rig.app.inject({ method: 'POST', url: '/api/v1/agents', headers: bearer('web1'), payload });
    expect((await register({ id: 'web-9', group: 'db' })).statusCode).toBe(403);
    expect((await register({ id: 'web-2', group: 'web' })).statusCode).toBe(403);
    expect((await register({ id: 'web-9', group: 'web' })).statusCode).toBe(201);
  });

  test('of a group follows an agent that was registered anew in another group', async () => {
    const rig = await createRig();
    const beat = () =>
      rig.app.inject({ method: 'POST', url: '/heartbeat', headers: bearer('webGroup'), payload: { agentId: 'web-2' } });
    expect((await beat()).statusCode).toBe(204);
    await rig.guard.agents.deregister('web-2');
    expect((await beat()).statusCode).toBe(404);
    rig.guard.putAgent({ id: 'web-2', group: 'db' });
    expect((await beat()).statusCode).toBe(403);
  });

  test('of a group loses an agent that its orchestrator lists in another group, and gets it back with it', async () => {
    const rig = await createRig();
    const beat = async () => {
      const request = { method: 'POST', url: '/heartbeat', headers: bearer('webGroup') } as const;
      return (await rig.app.inject({ ...request, payload: { agentId: 'web-2' } })).statusCode;
    };
    expect(await beat()).toBe(204);
    rig.guard.putAgent({ id: 'web-2', group: 'db' });
    expect(await beat()).toBe(403);
    rig.guard.putAgent({ id: 'web-2', group: 'web' });
    expect(await beat()).toBe(204);
  });
});

test.each([
  'Basic b3BzOng=',
  'Bearer',
  'Bearer ',
  `Bearer ${tokens.operator}x`,
  `bearer  ${tokens.operator.slice(0, -1)}`,
  tokens.operator,
])('the header %j is no sign-in, and the answer says what is', async (authorization) => {
  const { app } = await createRig();
  const response = await app.inject({ url: '/api/v1/status', headers: { authorization } });
  expect(response.statusCode).toBe(401);
  expect(response.headers['www-authenticate']).toBe('Bearer');
  expect(response.payload).not.toContain(tokens.operator);
});

describe('loopback-open', () => {
  const open = { auth: 'loopback-open' } as const;
  const host = { host: 'localhost:7717' };

  test('makes everybody on this machine an operator, and says so in the log', async () => {
    const { app, log } = await createRig(open);
    const response = await app.inject({ url: '/api/v1/status', headers: host });
    expect(response.json()).toMatchObject({ caller: { name: 'loopback', role: 'operator' } });
    expect(log.entries).toMatchObject([{ level: 'warn', message: expect.stringContaining('without a token') }]);
  });

  test('takes no other machine', async () => {
    const { app } = await createRig(open);
    const response = await app.inject({ url: '/api/v1/status', headers: host, remoteAddress: '10.1.2.3' });
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([403, 'GUARD_HTTP_ORIGIN']);
  });

  test.each(['/api/v1/status', '/', '/nothing', '/health/live'])('takes no other host name at %s', async (url) => {
    const { app } = await createRig(open);
    expect((await app.inject({ url, headers: { host: 'rebound.example.com' } })).statusCode).toBe(403);
  });

  test('takes no write a form could send: every route with a body asks for its content type', async () => {
    const { app, routes } = await createRig(open);
    for (const spec of routes.filter(takesBody)) {
      const url = spec.path.replace(':id', 'web-1');
      for (const type of ['text/plain', 'application/x-www-form-urlencoded', undefined]) {
        if (spec.accepts?.includes('*') && type !== undefined) continue;
        const response = await app.inject({
          method: spec.method,
          url,
          headers: { ...host, ...(type === undefined ? {} : { 'content-type': type }) },
          ...(type === undefined ? {} : { payload: '{}' }),
        });
        expect([spec.path, type, response.statusCode]).toEqual([spec.path, type, 415]);
      }
    }
  });

  test('takes no page of another site, unless it is allowed', async () => {
    const { app } = await createRig({ ...open, allowedOrigins: ['https://ops.test'] });
    const from = (origin: string) => app.inject({ url: '/api/v1/status', headers: { ...host, origin } });
    expect((await from('https://evil.test')).statusCode).toBe(403);
    expect((await from('http://localhost:7717')).statusCode).toBe(200);
    const allowed = await from('https://ops.test');
    expect([allowed.statusCode, allowed.headers['access-control-allow-origin']]).toEqual([200, 'https://ops.test']);
  });
});

test.each([
  [{}, 200],
  [{ 'sec-fetch-site': 'same-origin', 'sec-fetch-mode': 'cors' }, 200],
  [{ 'sec-fetch-site': 'none', 'sec-fetch-mode': 'navigate' }, 200],
  // A link in a chat or a mail.
  [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'navigate' }, 200],
  // A picture or a script that a page of another site asks for.
  [{ 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' }, 403],
])(
  'what a browser fetches for a page without its origin is taken in loopback-open, or not: %j',
  async (sent, status) => {
    const { app } = await createRig({ auth: 'loopback-open' });
    const response = await app.inject({ url: '/api/v1/status', headers: { host: 'localhost:7717', ...sent } });
    expect(response.statusCode).toBe(status);
  },
);

test('a browser that asks first is answered for allowed origins only', async () => {
  const { app } = await createRig({
    tokens: [{ name: 'a', role: 'viewer', token: tokens.viewer }],
    allowedOrigins: ['https://ops.test'],
  });
  const ask = (origin: string) =>
    app.inject({
      method: 'OPTIONS',
      url: '/api/v1/holds',
      headers: { origin, 'access-control-request-method': 'POST' },
    });
  const good = await ask('https://ops.test');
  expect([good.statusCode, good.headers['access-control-allow-methods']]).toEqual([204, 'GET, POST, HEAD, OPTIONS']);
  const bad = await ask('https://evil.test');
  expect([bad.statusCode, bad.headers['access-control-allow-origin']]).toEqual([405, undefined]);
});
