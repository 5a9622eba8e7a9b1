import { describe, expect, test } from 'vitest';
import { createRig, operator, send } from './fixture.ts';

describe('agents', () => {
  test('are listed by group and health, page by page', async () => {
    const rig = await createRig();
    expect((await send(rig, 'GET /api/v1/agents?limit=2')).body).toMatchObject({
      items: [{ agent: { id: 'db-1' } }, { agent: { id: 'web-1' } }],
      next: 'web-1',
    });
    const rest = await send(rig, 'GET /api/v1/agents?limit=2&after=web-1');
    expect(rest.body.items).toHaveLength(1);
    expect(rest.body.next).toBeUndefined();
    expect((await send(rig, 'GET /api/v1/agents?group=db&health=healthy')).body.items).toHaveLength(1);
    expect((await send(rig, 'GET /api/v1/agents?health=failed')).body.items).toEqual([]);
  });

  test('are refused a list with a query that is not known', async () => {
    const rig = await createRig();
    for (const query of ['limit=0', 'limit=1001', 'limit=x', 'health=ill', 'grop=web', 'limit=1&limit=2']) {
      expect(await send(rig, `GET /api/v1/agents?${query}`)).toMatchObject({
        status: 400,
        body: { code: 'GUARD_HTTP_QUERY' },
      });
    }
  });

  test('register as new, and again as known', async () => {
    const rig = await createRig();
    const registration = {
      id: 'new-1',
      group: 'new',
      instance: 'i1',
      generation: 3,
      endpoint: 'http://10.0.0.1:80',
      labels: { a: 'b' },
      role: 'replica',
      dependsOn: ['db-1'],
      criticality: 2,
    };
    expect(await send(rig, 'POST /api/v1/agents', registration)).toMatchObject({
      status: 201,
      body: { agent: { id: 'new-1', criticality: 2 } },
    });
    expect(await send(rig, 'POST /api/v1/agents', { ...registration, generation: 4 })).toMatchObject({ status: 200 });
    expect(rig.guard.calls[0]).toEqual({ method: 'agents.register', args: [registration] });
  });

  test('with an older generation must stop', async () => {
    const rig = await createRig();
    rig.guard.putAgent({ id: 'web-1', group: 'web', generation: 5 });
    expect(await send(rig, 'POST /api/v1/agents', { id: 'web-1', group: 'web', generation: 4 })).toMatchObject({
      status: 409,
      body: { code: 'GUARD_AGENT_STALE' },
    });
  });

  test.each([
    [{ id: 'a' }, 'GUARD_HTTP_BODY', "must have required property 'group'"],
    [{ id: 'a', group: 'g', colour: 'red' }, 'GUARD_HTTP_BODY', '/colour is not known here'],
    [{ id: 7, group: 'g' }, 'GUARD_HTTP_BODY', '/id must be string'],
    [{ id: 'a', group: 'g', generation: -1 }, 'GUARD_HTTP_BODY', '/generation must be >= 1'],
    [{ id: 'a', group: 'g', generation: '1' }, 'GUARD_HTTP_BODY', '/generation must be integer'],
    [{ id: 'a', group: 'g', endpoint: 'file:///etc/passwd' }, 'GUARD_HTTP_BODY', '/endpoint must match pattern'],
    [{ id: 'a', group: 'g', labels: { a: 1 } }, 'GUARD_HTTP_BODY', '/labels/a must be string'],
    [{ id: 'a', group: 'g', labels: { a: 'x'.repeat(1_025) } }, 'GUARD_HTTP_BODY', '/labels/a must NOT have more'],
    [{ id: 'a', group: 'g', labels: { ['x'.repeat(201)]: '' } }, 'GUARD_HTTP_BODY', '/labels must NOT have more'],
    [{ id: '../a', group: 'g' }, 'GUARD_AGENT_ID', '../a'],
    [{ id: 'a', group: 'a b' }, 'GUARD_AGENT_ID', 'a b'],
    [{ id: 'a'.repeat(201), group: 'g' }, 'GUARD_HTTP_BODY', '/id must NOT have more than 200 characters'],
  ])('are not registered as %j', async (registration, code, detail) => {
    const rig = await createRig();
    const { status, body } = await send(rig, 'POST /api/v1/agents', registration);
    expect([status, body.code]).toEqual([400, code]);
    expect(body.detail).toContain(detail);
    expect(rig.guard.calls).toEqual([]);
  });

  test('with several faults name every one', async () => {
    const { body } = await send(await createRig(), 'POST /api/v1/agents', { id: 7, group: 8, role: 'boss' });
    expect(body.errors.map(({ path }: { path: string }) => path)).toEqual(
      expect.arrayContaining(['/id', '/group', '/role']),
    );
  });

  test('are read, explained and deregistered', async () => {
    const rig = await createRig();
    expect(await send(rig, 'GET /api/v1/agents/web-1')).toMatchObject({
      status: 200,
      body: { agent: { id: 'web-1' } },
    });
    expect(await send(rig, 'GET /api/v1/agents/web-1/explain')).toMatchObject({
      status: 200,
      body: { summary: 'web-1 is healthy.' },
    });
    expect(await send(rig, 'DELETE /api/v1/agents/web-1?by=mara&note=sold')).toEqual({ status: 204, body: undefined });
    expect(rig.guard.calls.at(-1)).toEqual({
      method: 'agents.deregister',
      args: ['web-1', { by: 'mara via ops', account: 'ops', note: 'sold' }],
    });
    expect(await send(rig, 'GET /api/v1/agents/web-1')).toMatchObject({
      status: 404,
      body: { code: 'GUARD_AGENT_UNKNOWN' },
    });
  });

  test.each(['..%2f..%2fetc%2fpasswd', '%00', 'a%20b', '%3Cscript%3E', 'a'.repeat(300), '__proto__%2e%2f'])(
    'with the id %s are refused on every route',
    async (bad) => {
      const rig = await createRig();
      for (const route of [
        'GET ',
        'DELETE ',
        'GET /explain',
        'GET /state',
        'POST /respawn',
        'POST /errors',
        'PUT /state',
      ]) {
        const [method, rest] = route.split(' ') as ['GET', string];
        const hasBody = method !== 'GET' && method !== 'DELETE';
        const response = await rig.app.inject({
          method,
          url: `/api/v1/agents/${bad}${rest}`,
          headers: operator,
          ...(hasBody ? { payload: { message: 'x' } } : {}),
        });
        expect([400, 404]).toContain(response.statusCode);
      }
      expect(rig.guard.calls).toEqual([]);
    },
  );

  test.each([
    [{ restoreState: true, configOverride: { memoryLimit: '2GB', timeout: 300 } }],
    [{ restore_state: true, config_override: { memory_limit: '2GB', timeout: 300 } }],
  ])('are respawned by %j', async (wish) => {
    const rig = await createRig();
    const { status, body } = await send(rig, 'POST /api/v1/agents/web-1/respawn', { ...wish, note: 'more room' });
    expect([status, body.agentId]).toEqual([202, 'web-1']);
    const options = {
      by: 'ops',
      account: 'ops',
      note: 'more room',
      restoreState: true,
      configOverride: { memoryLimit: 2_147_483_648, timeoutMs: 300_000 },
    };
    expect(rig.guard.calls).toEqual([{ method: 'respawn', args: ['web-1', options] }]);
  });

  test('are respawned without a body, and not with a contradiction', async () => {
    const rig = await createRig();
    expect(await send(rig, 'POST /api/v1/agents/web-1/respawn')).toMatchObject({ status: 202 });
    expect(rig.guard.calls[0]?.args[1]).toEqual({ by: 'ops', account: 'ops' });
    expect(
      await send(rig, 'POST /api/v1/agents/web-1/respawn', { restoreState: true, restore_state: false }),
    ).toMatchObject({ status: 400 });
    expect(await send(rig, 'POST /api/v1/agents/web-1/respawn', { restorestate: true })).toMatchObject({ status: 400 });
  });
});
