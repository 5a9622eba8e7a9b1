import { describe, expect, test, vi } from 'vitest';
import { createRig, operator, send } from './fixture.ts';

describe('what agents hand in', () => {
  test('as state comes back byte for byte, with its checksum, and cannot run in a browser', async () => {
    const rig = await createRig();
    const bytes = Buffer.from([0, 255, 10, 13, 60, 115]);
    const put = await rig.app.inject({
      method: 'PUT',
      url: '/api/v1/agents/web-1/state?instance=i7',
      headers: { ...operator, 'content-type': 'text/html' },
      payload: bytes,
    });
    expect([put.statusCode, put.json()]).toMatchObject([
      201,
      { version: 1, bytes: 6, contentType: 'text/html', instanceId: 'i7' },
    ]);
    const got = await rig.app.inject({ url: '/api/v1/agents/web-1/state', headers: operator });
    expect(got.rawPayload.equals(bytes)).toBe(true);
    expect(got.headers).toMatchObject({
      'content-type': 'text/html',
      'content-disposition': 'attachment; filename="state"',
      'content-security-policy': "default-src 'none'; sandbox",
      'x-content-type-options': 'nosniff',
      'x-checkpoint-version': '1',
      'x-checkpoint-sha256': put.json<{ sha256: string }>().sha256,
      etag: `"${put.json<{ sha256: string }>().sha256}"`,
    });
  });

  test('as state may come without a content type and in any', async () => {
    const rig = await createRig();
    for (const type of [undefined, 'application/json', 'application/x-protobuf']) {
      const response = await rig.app.inject({
        method: 'PUT',
        url: '/api/v1/agents/web-1/state',
        headers: { ...operator, ...(type ? { 'content-type': type } : {}) },
        payload: Buffer.from('{'),
      });
      expect([type, response.statusCode]).toEqual([type, 201]);
    }
  });

  test('as state is refused when it is missing, empty, too large or of nobody', async () => {
    const rig = await createRig({ auth: 'loopback-open', limits: { state: 100 } });
    const put = (payload: Buffer, agentId = 'web-1') =>
      rig.app.inject({
        method: 'PUT',
        url: `/api/v1/agents/${agentId}/state`,
        headers: { host: 'localhost', 'content-type': 'a/b' },
        payload,
      });
    expect((await put(Buffer.alloc(101))).statusCode).toBe(413);
    expect((await put(Buffer.alloc(0))).statusCode).toBe(400);
    expect((await put(Buffer.alloc(1), 'nobody')).statusCode).toBe(404);
    const none = await rig.app.inject({ url: '/api/v1/agents/web-1/state', headers: { host: 'localhost' } });
    expect([none.statusCode, none.json<{ code: string }>().code]).toEqual([404, 'GUARD_CHECKPOINT_MISSING']);
  });

  test('as state is refused of an instance that was replaced, and it is told so', async () => {
    const rig = await createRig();
    rig.guard.putAgent({ id: 'web-1', group: 'web', instance: 'i2', generation: 2 });
    const answer = await rig.app.inject({
      method: 'PUT',
      url: '/api/v1/agents/web-1/state?instance=web-1-i1',
      headers: { ...operator, 'content-type': 'a/b' },
      payload: Buffer.from('x'),
    });
    expect([answer.statusCode, answer.json<{ code: string }>().code]).toEqual([410, 'GUARD_AGENT_RETIRED']);
  });

  test('as state is let in again when others are through', async () => {
    const rig = await createRig({ auth: 'loopback-open', limits: { state: 100 } });
    const headers = { host: 'localhost', 'content-type': 'a/b' };
    const url = '/api/v1/agents/web-1/state';
    for (let n = 0; n < 10; n += 1) {
      expect((await rig.app.inject({ method: 'PUT', url, headers, payload: Buffer.alloc(100) })).statusCode).toBe(201);
      expect((await rig.app.inject({ url, headers })).statusCode).toBe(200);
    }
  });

  test('as state is not read into memory for more readers than there is room for', async () => {
    const rig = await createRig({ auth: 'loopback-open', limits: { state: 100 } });
    const headers = { host: 'localhost', 'content-type': 'a/b' };
    const url = '/api/v1/agents/web-1/state';
    await rig.app.inject({ method: 'PUT', url, headers, payload: Buffer.alloc(60) });
    const latest = rig.guard.checkpoints.latest.bind(rig.guard.checkpoints);
    let read = 0;
    let letGo = (): void => undefined;
    const held = new Promise<void>((resolve) => (letGo = resolve));
    vi.spyOn(rig.guard.checkpoints, 'latest').mockImplementation(async (agentId, options) => {
      const found = await latest(agentId, options);
      read += 1;
      await held;
      return found;
    });
    const answers = Array.from({ length: 5 }, () => rig.app.inject({ url, headers }));
    await expect.poll(() => read).toBe(3);
    letGo();
    const refused = (await Promise.all(answers)).filter(({ statusCode }) => statusCode === 503);
    expect([refused.length, read]).toEqual([2, 3]);
  });

  test('as errors are signals, one or many', async () => {
    const rig = await createRig();
    expect(await send(rig, 'POST /api/v1/agents/web-1/errors', { message: 'boom' })).toEqual({
      status: 202,
      body: { accepted: 1 },
    });
    const many = [
      { message: 'a', type: 'TypeError', count: 3, instance: 'i1', at: '1970-01-01T00:00:01' },
      { message: 'b', at: 7 },
    ];
    expect(await send(rig, 'POST /api/v1/agents/web-1/errors', many)).toEqual({ status: 202, body: { accepted: 2 } });
    expect(rig.guard.calls.map(({ args }) => args[0])).toEqual([
      { kind: 'error', agentId: 'web-1', message: 'boom', count: 1 },
      { kind: 'error', agentId: 'web-1', message: 'a', type: 'TypeError', count: 3, instanceId: 'i1', at: 1_000 },
      { kind: 'error', agentId: 'web-1', message: 'b', count: 1, at: 7 },
    ]);
  });

  test.each([
    [{}],
    [[]],
    [{ message: '' }],
    [{ message: 'x', count: 0 }],
    [{ message: 'x', count: 1.5 }],
    [{ message: 'x', at: 'yesterday' }],
    [{ message: 'x', other: 1 }],
    [['x']],
    [Array.from({ length: 1_001 }, () => ({ message: 'x' }))],
    [[{ message: 'x' }, { message: 'm'.repeat(4_097) }]],
    [[{ message: 'x' }, { message: 'x', type: 't'.repeat(201) }]],
    [[{ message: 'x' }, { message: 'x', instance: 'a/b' }]],
    [[{ message: 'x' }, { message: 'x', at: -1 }]],
  ])('as errors are refused whole: %j', async (payload) => {
    const rig = await createRig();
    expect((await send(rig, 'POST /api/v1/agents/web-1/errors', payload)).status).toBe(400);
    expect(rig.guard.calls).toEqual([]);
  });

  test('as errors are refused of an instance that was replaced, whatever else is among them', async () => {
    const rig = await createRig();
    rig.guard.putAgent({ id: 'web-1', group: 'web', instance: 'i2', generation: 2 });
    const reported = [
      { message: 'a', instance: 'i2' },
      { message: 'b', instance: 'web-1-i1' },
    ];
    expect(await send(rig, 'POST /api/v1/agents/web-1/errors', reported)).toMatchObject({
      status: 410,
      body: { code: 'GUARD_AGENT_RETIRED' },
    });
    expect(rig.guard.calls).toEqual([]);
  });

  test('as errors are refused of an agent nobody knows', async () => {
    const rig = await createRig();
    expect(await send(rig, 'POST /api/v1/agents/nobody/errors', [{ message: 'a' }, { message: 'b' }])).toMatchObject({
      status: 404,
      body: { code: 'GUARD_AGENT_UNKNOWN' },
    });
  });
});
