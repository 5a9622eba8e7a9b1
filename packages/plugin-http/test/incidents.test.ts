import { describe, expect, test } from 'vitest';
import { createRig, send, withIncident, incidentId } from './fixture.ts';

describe('incidents', () => {
  test('are listed by state and agent', async () => {
    const rig = await withIncident();
    for (const query of ['', '?state=unresolved', '?state=open&agentId=web-1&limit=1']) {
      expect((await send(rig, `GET /api/v1/incidents${query}`)).body.items).toMatchObject([{ id: incidentId }]);
    }
    expect((await send(rig, 'GET /api/v1/incidents?state=resolved')).body.items).toEqual([]);
    expect((await send(rig, 'GET /api/v1/incidents?state=lost')).status).toBe(400);
  });

  test('are read with their timeline, and explained', async () => {
    const rig = await withIncident();
    expect((await send(rig, `GET /api/v1/incidents/${incidentId}`)).body).toMatchObject({
      id: incidentId,
      state: 'open',
      timeline: [{ seq: 1 }],
    });
    expect((await send(rig, `GET /api/v1/incidents/${incidentId}/explain`)).body).toMatchObject({
      summary: 'It fell silent.',
    });
  });

  test.each(['GET', 'GET /explain', 'POST /approve', 'POST /resolve'])(
    'that are not there are 404: %s',
    async (route) => {
      const rig = await withIncident();
      const [method, rest = ''] = route.split(' ');
      for (const unknown of ['inc_unknown', '..%2f..', '%3Cb%3E']) {
        expect(await send(rig, `${method} /api/v1/incidents/${unknown}${rest}`)).toMatchObject({
          status: 404,
          body: { code: 'GUARD_INCIDENT_UNKNOWN' },
        });
      }
    },
  );

  test.each(['acknowledge', 'resolve'])('are %sd under the name of the token, or another beside it', async (verb) => {
    const rig = await withIncident();
    expect((await send(rig, `POST /api/v1/incidents/${incidentId}/${verb}`)).status).toBe(200);
    expect(rig.guard.calls.at(-1)).toEqual({ method: verb, args: [incidentId, { by: 'ops', account: 'ops' }] });
    await send(rig, `POST /api/v1/incidents/${incidentId}/${verb}`, { by: 'mara', note: 'on it' });
    expect(rig.guard.calls.at(-1)).toEqual({
      method: verb,
      args: [incidentId, { by: 'mara via ops', account: 'ops', note: 'on it' }],
    });
  });

  test('are approved with the plan that was seen', async () => {
    const rig = await withIncident({ state: 'awaiting-approval', approval: { planHash: 'h1' } });
    expect(await send(rig, `POST /api/v1/incidents/${incidentId}/approve`, { planHash: 'h2' })).toMatchObject({
      status: 409,
      body: { code: 'GUARD_APPROVAL_STALE' },
    });
    expect(await send(rig, `POST /api/v1/incidents/${incidentId}/approve`, { planhash: 'h1' })).toMatchObject({
      status: 400,
    });
    expect(await send(rig, `POST /api/v1/incidents/${incidentId}/approve`, { planHash: 'h1' })).toMatchObject({
      status: 200,
      body: { state: 'open' },
    });
    expect(await send(rig, `POST /api/v1/incidents/${incidentId}/reject`)).toMatchObject({ status: 409 });
  });

  test('are rejected', async () => {
    const rig = await withIncident({ state: 'awaiting-approval', approval: { planHash: 'h1' } });
    expect(await send(rig, `POST /api/v1/incidents/${incidentId}/reject`, { note: 'no' })).toMatchObject({
      status: 200,
      body: { state: 'escalated' },
    });
  });
});

describe('holds', () => {
  test('are made, listed and released', async () => {
    const rig = await createRig();
    const made = await send(rig, 'POST /api/v1/holds', {
      scope: { kind: 'group', group: 'web' },
      reason: 'move',
      ttl: '2h',
      maintenance: true,
    });
    expect(made).toMatchObject({ status: 201, body: { by: 'ops', maintenance: true } });
    expect(made.body.until - made.body.at).toBe(7_200_000);
    expect((await send(rig, 'GET /api/v1/holds')).body).toEqual({ items: [made.body] });
    expect((await send(rig, `DELETE /api/v1/holds/${made.body.id}?note=done`)).status).toBe(204);
    expect(rig.guard.calls.at(-1)).toEqual({
      method: 'release',
      args: [made.body.id, { by: 'ops', account: 'ops', note: 'done' }],
    });
    expect(await send(rig, `DELETE /api/v1/holds/${made.body.id}`)).toMatchObject({
      status: 404,
      body: { code: 'GUARD_HOLD_UNKNOWN' },
    });
  });

  test.each([
    [{ scope: { kind: 'fleet' }, reason: 'r' }, 'no ttl'],
    [{ scope: { kind: 'fleet' }, reason: 'r', ttl: 'long' }, 'duration'],
    [{ scope: { kind: 'fleet' }, reason: 'r', ttl: '1h', ttlMs: 5 }, 'leave one out'],
    [{ scope: { kind: 'fleet', group: 'web' }, reason: 'r', ttl: '1h' }, 'takes nothing else'],
    [{ scope: { kind: 'group' }, reason: 'r', ttl: '1h' }, 'takes a group'],
    [{ scope: { kind: 'agent', agentId: '../x' }, reason: 'r', ttl: '1h' }, 'takes an agentId'],
    [{ scope: {}, reason: 'r', ttl: '1h' }, "required property 'kind'"],
    [{ reason: 'r', ttl: '1h' }, "required property 'scope'"],
    [{ scope: { kind: 'fleet' }, ttl: '1h' }, "required property 'reason'"],
  ])('are refused as %j', async (wish, why) => {
    const rig = await createRig();
    const { status, body } = await send(rig, 'POST /api/v1/holds', wish);
    expect(status).toBe(400);
    expect(body.detail).toContain(why);
    expect(rig.guard.calls).toEqual([]);
  });
});
