import { describe, expect, test, vi } from 'vitest';
import { bearer, createRig } from './fixture.ts';

const headers = { ...bearer('operator'), 'content-type': 'application/json' };
const ndjson = { ...bearer('operator'), 'content-type': 'application/x-ndjson' };

describe('POST /heartbeat', () => {
  const send = async (payload: unknown, prepare?: (rig: Awaited<ReturnType<typeof createRig>>) => void) => {
    const rig = await createRig();
    prepare?.(rig);
    const text = typeof payload === 'string' ? payload : JSON.stringify(payload);
    return rig.app.inject({ method: 'POST', url: '/heartbeat', headers, payload: text });
  };

  test('is answered with nothing but 204', async () => {
    const response = await send({ agentId: 'web-1', seq: 1, at: '2026-01-01T00:00:00', metrics: { cpu_usage: 0.5 } });
    expect(response.statusCode).toBe(204);
    expect(response.payload).toBe('');
  });

  test('is answered with 204 also when it is a duplicate', async () => {
    const response = await send({ agentId: 'web-1', seq: 4 }, ({ guard }) =>
      guard.heartbeat({ agentId: 'web-1', seq: 4 }),
    );
    expect(response.statusCode).toBe(204);
  });

  test('hands on the instruction to drain', async () => {
    const response = await send({ agentId: 'web-1' }, ({ guard }) => guard.askToDrain('web-1'));
    expect([response.statusCode, response.json()]).toEqual([200, { instruction: 'drain' }]);
  });

  test('tells an agent that it is isolated', async () => {
    const isolate = { id: 'web-1', group: 'web' };
    const response = await send({ agentId: 'web-1' }, ({ guard }) => guard.putAgent(isolate, { breaker: 'open' }));
    expect([response.statusCode, response.json()]).toEqual([200, { instruction: 'isolated' }]);
  });

  test('tells an agent that takes itself for the primary who leads', async () => {
    const leadership = { role: 'replica', epoch: 3, primary: 'web-2' } as const;
    const response = await send({ agentId: 'web-1', role: 'primary' }, ({ guard }) =>
      guard.putAgent({ id: 'web-1', group: 'web' }, { leadership }),
    );
    expect([response.statusCode, response.json()]).toEqual([200, { instruction: 'epoch', epoch: 3, primary: 'web-2' }]);
  });

  test('tells an instance that was replaced that it must stop', async () => {
    const response = await send({ agentId: 'web-1', instance: 'web-1-i1' }, ({ guard }) =>
      guard.putAgent({ id: 'web-1', group: 'web', instance: 'web-1-i2', generation: 2 }),
    );
    expect(response.statusCode).toBe(410);
    expect(response.json()).toMatchObject({
      code: 'GUARD_AGENT_RETIRED',
      detail: 'Instance web-1-i1 of agent web-1 was replaced.',
    });
  });

  test.each([
    ['of an agent nobody registered', { agentId: 'nobody' }, 404, 'GUARD_AGENT_UNKNOWN', 'no agent nobody'],
    ['without an agent', {}, 400, 'GUARD_SIGNAL_INVALID', 'agentId'],
    ['with a path for an id', { agentId: '../../etc/passwd' }, 400, 'GUARD_SIGNAL_INVALID', 'agentId'],
    ['with a number for an id', { agentId: 7 }, 400, 'GUARD_SIGNAL_INVALID', 'agentId'],
    [
      'with a negative metric',
      { agentId: 'web-1', metrics: { cpu_usage: -0.1 } },
      400,
      'GUARD_SIGNAL_INVALID',
      'cpu_usage',
    ],
    [
      'with text for a metric',
      { agentId: 'web-1', metrics: { cpu_usage: '1' } },
      400,
      'GUARD_SIGNAL_INVALID',
      'cpu_usage',
    ],
    [
      'with a share above 1',
      { agentId: 'web-1', metrics: { error_rate: 1.5 } },
      400,
      'GUARD_SIGNAL_INVALID',
      'error_rate',
    ],
    ['with a broken number', { agentId: 'web-1', seq: 1.5 }, 400, 'GUARD_SIGNAL_INVALID', 'seq'],
    ['with NaN', '{"agentId":"web-1","metrics":{"cpu_usage":NaN}}', 400, 'GUARD_HTTP_BODY', 'line 1, column 43'],
    ['with infinity', '{"agentId":"web-1","metrics":{"cpu_usage":1e999}}', 400, 'GUARD_SIGNAL_INVALID', 'cpu_usage'],
    ['that is a list', [], 400, 'GUARD_SIGNAL_INVALID', 'JSON object'],
    ['that is null', 'null', 400, 'GUARD_SIGNAL_INVALID', 'JSON object'],
    ['that is empty', '', 400, 'GUARD_SIGNAL_INVALID', 'JSON object'],
    ['that broke off', '{"agentId":"we', 400, 'GUARD_HTTP_BODY', 'ends too early'],
    [
      'with a key that reaches a prototype',
      '{"agentId":"web-1","__proto__":{"x":1}}',
      400,
      'GUARD_HTTP_BODY',
      '__proto__',
    ],
    ['of ten megabytes', { agentId: 'web-1', version: 'x'.repeat(10_000_000) }, 413, 'GUARD_HTTP_TOO_LARGE', '65536'],
  ])('%s is refused', async (_name, payload, ...[status, code, detail]) => {
    const response = await send(payload);
    expect(response.statusCode).toBe(status);
    expect(response.headers['content-type']).toBe('application/problem+json; charset=utf-8');
    expect(response.json()).toMatchObject({ status, code });
    expect(response.json<{ detail: string }>().detail).toContain(detail);
  });

  test('of an instance that nobody registered is told so, and not that there is no such agent', async () => {
    const stranger = await send({ agentId: 'web-1', instance: 'i9' }, (rig) => {
      vi.spyOn(rig.guard, 'heartbeat').mockReturnValue('unknown');
    });
    expect([stranger.statusCode, stranger.json()]).toMatchObject([
      404,
      { code: 'GUARD_INSTANCE_UNKNOWN', detail: 'Nobody registered instance i9 of agent web-1.' },
    ]);
  });

  test('of another content type is refused', async () => {
    const { app } = await createRig();
    const response = await app.inject({
      method: 'POST',
      url: '/heartbeat',
      headers: { ...headers, 'content-type': 'text/plain' },
      payload: '{}',
    });
    expect([response.statusCode, response.json<{ code: string }>().code]).toEqual([415, 'GUARD_HTTP_MEDIA_TYPE']);
  });
});

describe('POST /heartbeats', () => {
  const batch = async (payload: string, given = headers, options = {}) => {
    const rig = await createRig();
    rig.guard.askToDrain('db-1');
    const leadership = { role: 'replica', epoch: 3, primary: 'web-2' } as const;
    rig.guard.putAgent({ id: 'web-1', group: 'web' }, { leadership });
    const response = await rig.app.inject({ method: 'POST', url: '/heartbeats', headers: given, payload, ...options });
    return { status: response.statusCode, body: response.json() };
  };

  test('counts the good ones of an array and names the others by their place', async () => {
    const beats = [
      { agentId: 'web-1' },
      3,
      { agentId: 'nobody' },
      { agentId: 'web-2', metrics: { cpu_usage: -1 } },
      { agentId: 'web-2' },
    ];
    const { status, body } = await batch(JSON.stringify(beats));
    expect(status).toBe(200);
    expect(body).toMatchObject({
      accepted: 2,
      rejected: [
        { index: 1, code: 'GUARD_SIGNAL_INVALID' },
        { index: 2, agentId: 'nobody', code: 'GUARD_AGENT_UNKNOWN', detail: 'There is no agent nobody.' },
        { index: 3, agentId: 'web-2', code: 'GUARD_SIGNAL_INVALID' },
      ],
    });
  });

  test('counts lines, and names one that was cut off by its line', async () => {
    const { body } = await batch('{"agentId":"web-1"}\n\n{"agentId":"web-2"}\n{"agentId":"we', ndjson);
    expect(body).toMatchObject({ accepted: 2, rejected: [{ index: 2, line: 4, code: 'GUARD_HTTP_BODY' }] });
    expect(body.rejected[0].detail).toMatch(/^line 4: .*ends too early/);
  });

  test('knows lines by their content type however that is written', async () => {
    const { body } = await batch('{"agentId":"web-1"}\n{"agentId":"web-2"}', {
      ...ndjson,
      'content-type': 'Application/X-NDJSON',
    });
    expect(body).toEqual({ accepted: 2, rejected: [] });
  });

  test('counts what came before an array broke off', async () => {
    const { status, body } = await batch('[{"agentId":"web-1"},{"agentId":"we');
    expect(status).toBe(200);
    expect(body).toMatchObject({ accepted: 1, rejected: [{ index: 1, code: 'GUARD_HTTP_BODY' }] });
  });

  test('hands on instructions', async () => {
    const { body } = await batch('[{"agentId":"db-1"},{"agentId":"web-1","role":"primary"}]');
    expect(body).toEqual({
      accepted: 2,
      rejected: [],
      instructions: [
        { index: 0, agentId: 'db-1', instruction: 'drain' },
        { index: 1, agentId: 'web-1', instruction: 'epoch', epoch: 3, primary: 'web-2' },
      ],
    });
  });

  test('tells an agent once what it has to be told, however many of its beats there are', async () => {
    const { body } = await batch(JSON.stringify(Array.from({ length: 5_000 }, () => ({ agentId: 'db-1' }))));
    expect(body).toEqual({
      accepted: 5_000,
      rejected: [],
      instructions: [{ index: 0, agentId: 'db-1', instruction: 'drain' }],
    });
  });

  test('refuses a body that is no array at all', async () => {
    expect(await batch('{"agentId":"web-1"}')).toMatchObject({ status: 400, body: { code: 'GUARD_HTTP_BODY' } });
  });

  test('refuses one beat that is too large, and takes the rest', async () => {
    const { body } = await batch(
      `{"agentId":"web-1","version":"${'x'.repeat(70_000)}"}\n{"agentId":"web-2"}\n`,
      ndjson,
    );
    expect(body).toMatchObject({ accepted: 1, rejected: [{ index: 0, line: 1, code: 'GUARD_HTTP_BODY' }] });
  });

  test('lists the first thousand rejections and counts the others', async () => {
    const { body } = await batch(`[${'0,'.repeat(1_500)}0]`);
    expect(body.rejected).toHaveLength(1_000);
    expect(body.rejectedMore).toBe(501);
  });

  test('takes an empty batch', async () => {
    expect(await batch('[]')).toEqual({ status: 200, body: { accepted: 0, rejected: [] } });
    expect(await batch('', ndjson)).toEqual({ status: 200, body: { accepted: 0, rejected: [] } });
  });

  test('refuses more than the limit allows, by length and by what comes', async () => {
    const rig = await createRig({ auth: 'loopback-open', limits: { batch: 1_000 } });
    const payload = `[${'0,'.repeat(1_000)}0]`;
    const at = { method: 'POST', url: '/heartbeats', payload } as const;
    const open = { host: 'localhost', 'content-type': 'application/json' };
    const byLength = await rig.app.inject({ ...at, headers: open });
    const byBytes = await rig.app.inject({
      ...at,
      headers: { ...open, 'content-length': '5', 'transfer-encoding': 'chunked' },
    });
    expect([byLength.statusCode, byBytes.statusCode]).toEqual([413, 413]);
  });

  test('counts for a bound token only what is its own', async () => {
    const rig = await createRig();
    const beats = ['web-1', 'web-2', 'db-1'].map((agentId) => ({ agentId }));
    const send = (name: 'web1' | 'webGroup') =>
      rig.app.inject({ method: 'POST', url: '/heartbeats', headers: bearer(name), payload: beats });
    expect((await send('web1')).json()).toMatchObject({
      accepted: 1,
      rejected: [{ index: 1, code: 'GUARD_HTTP_FORBIDDEN' }, { index: 2 }],
    });
    expect((await send('webGroup')).json()).toMatchObject({
      accepted: 2,
      rejected: [{ index: 2, code: 'GUARD_HTTP_FORBIDDEN' }],
    });
  });
});
