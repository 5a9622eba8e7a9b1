import { guardError } from '@praetorian-guard/core/plugin';
import { describe, expect, test } from 'vitest';
import { createRig, operator, send } from './fixture.ts';

describe('the guard', () => {
  test('says its status and what the caller may do', async () => {
    expect((await send(await createRig(), 'GET /api/v1/status')).body).toMatchObject({
      guardId: 'guard-fake',
      agents: 3,
      caller: { name: 'ops', role: 'operator' },
    });
  });

  test('says where work may go', async () => {
    const rig = await createRig();
    rig.guard.putAgent({ id: 'web-2', group: 'web' }, { health: 'failed' });
    expect((await send(rig, 'GET /api/v1/routes?group=web')).body.items).toMatchObject([
      { agentId: 'web-1', endpoint: 'http://127.0.0.1:4001', weight: 1 },
    ]);
    expect((await send(rig, 'GET /api/v1/routes')).status).toBe(400);
    expect((await send(rig, 'GET /api/v1/routes?group=a%2fb')).status).toBe(400);
  });

  test('answers the three probes of the brief', async () => {
    const rig = await createRig();
    await rig.clock.advance(2_000);
    expect((await send(rig, 'GET /health/live')).body).toEqual({
      status: 'alive',
      timestamp: '2026-01-01T00:00:02.000Z',
    });
    expect(await send(rig, 'GET /health/ready')).toEqual({
      status: 200,
      body: { ready: true, checks: { engine: true } },
    });
    const { body } = await send(rig, 'GET /health/performance');
    expect(body).toMatchObject({ avg_latency_ms: 1.5, error_rate: 0, requests_per_second: 1.5 });
    expect(body.memory_usage_mb).toBeGreaterThan(1);
  });

  test.each(['starting', 'stopping', 'stopped'] as const)('is not ready while %s', async (state) => {
    const rig = await createRig();
    rig.guard.state = state;
    expect(await send(rig, 'GET /health/ready')).toEqual({
      status: 503,
      body: { ready: false, checks: { engine: false } },
    });
    expect((await send(rig, 'GET /health/live')).status).toBe(200);
  });

  test('that does not run refuses with 503 and says when to come back', async () => {
    const rig = await createRig();
    rig.guard.state = 'stopping';
    const response = await rig.app.inject({ method: 'DELETE', url: '/api/v1/agents/web-1', headers: operator });
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '5']);
  });

  test('hides what it did not expect, and logs it', async () => {
    const rig = await createRig();
    rig.guard.failNext('agents.deregister', new Error('the password is swordfish'));
    const response = await rig.app.inject({ method: 'DELETE', url: '/api/v1/agents/web-1', headers: operator });
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([500, 'GUARD_HTTP_INTERNAL']);
    expect(response.payload).not.toContain('swordfish');
    const { instance } = response.json<{ instance: string }>();
    expect(rig.log.entries).toMatchObject([
      { level: 'error', fields: { instance, error: 'the password is swordfish' } },
    ]);
  });

  test('keeps the words of a known error', async () => {
    const rig = await createRig();
    rig.guard.failNext('agents.deregister', guardError('GUARD_STATE_UNAVAILABLE', { why: 'it is away' }));
    expect(await send(rig, 'DELETE /api/v1/agents/web-1')).toMatchObject({
      status: 503,
      body: { detail: 'The store does not answer: it is away.' },
    });
  });
});

describe('paths', () => {
  test('that are not there are 404, also badly written ones', async () => {
    const rig = await createRig();
    for (const url of ['/nothing', '/api/v2/agents', '/../etc/passwd', '/%E0%A4%A', '/app.js/x']) {
      expect(await send(rig, `GET ${url}`)).toMatchObject({ status: 404, body: { code: 'GUARD_HTTP_NOT_FOUND' } });
    }
  });

  test('name the methods they take', async () => {
    const rig = await createRig();
    for (const [route, allow] of [
      ['DELETE /api/v1/incidents', 'GET, HEAD, OPTIONS'],
      ['GET /heartbeat', 'POST, OPTIONS'],
      ['PUT /api/v1/holds', 'GET, POST, HEAD, OPTIONS'],
      ['POST /api/v1/agents/web-1', 'GET, DELETE, HEAD, OPTIONS'],
      ['PUT /heartbeat', 'POST, OPTIONS'],
    ]) {
      const [method, url] = (route as string).split(' ') as ['GET', string];
      const response = await rig.app.inject({ method, url, headers: operator });
      expect([route, response.statusCode, response.headers.allow]).toEqual([route, 405, allow]);
    }
  });

  test('tell whoever asks what they take, and what of it a stream has not', async () => {
    const { app } = await createRig();
    const asked = await app.inject({ method: 'OPTIONS', url: '/api/v1/holds' });
    expect([asked.statusCode, asked.headers.allow]).toEqual([204, 'GET, POST, HEAD, OPTIONS']);
    const stream = await app.inject({ method: 'HEAD', url: '/api/v1/events', headers: operator });
    expect([stream.statusCode, stream.headers.allow]).toEqual([405, 'GET, OPTIONS']);
  });

  test('take no parameter they do not know, so that a slip does not list everything', async () => {
    const rig = await createRig();
    for (const route of ['GET /api/v1/holds?group=web', 'GET /api/v1/agents/web-1?health=failed']) {
      const { status, body } = await send(rig, route);
      expect([route, status, body.code]).toEqual([route, 400, 'GUARD_HTTP_QUERY']);
    }
    expect((await rig.app.inject({ url: '/?from=mail' })).statusCode).toBe(200);
  });

  test('of the OpenAPI description are the routes', async () => {
    const rig = await createRig();
    const { body } = await send(rig, 'GET /openapi.json');
    expect(body.openapi).toBe('3.1.0');
    const described = Object.entries(body.paths as { [path: string]: object }).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => `${method.toUpperCase()} ${path}`),
    );
    expect(described.sort()).toEqual(
      rig.routes
        .filter(({ path }) => path !== '/openapi.json')
        .map(({ method, path }) => `${method} ${path.replace(/:(\w+)/g, '{$1}')}`)
        .concat('GET /openapi.json')
        .sort(),
    );
    const ids = Object.values(body.paths as { [path: string]: { [method: string]: { operationId: string } } }).flatMap(
      (methods) => Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(new Set(ids).size).toBe(ids.length);
    expect(body.paths['/api/v1/agents'].post.requestBody.content['application/json'].schema.required).toEqual([
      'id',
      'group',
    ]);
  });
});
