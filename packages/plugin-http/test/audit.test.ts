import { describe, expect, test } from 'vitest';
import { createRig, incidentId, send, withIncident } from './fixture.ts';

const hash = 'b'.repeat(64);
const entry = { chain: 'guard', at: 1, actor: 'ann', action: 'hold', subject: 'hold_1', prevHash: '', hash };

describe('the audit log', () => {
  test('is listed newest first and paged', async () => {
    const rig = await createRig();
    rig.guard.audited.push({ ...entry, seq: 1 }, { ...entry, seq: 2 });
    const first = await send(rig, 'GET /api/v1/audit?limit=1');
    expect(first.body).toMatchObject({ items: [{ seq: 2, actor: 'ann' }], next: expect.any(String) });
    const second = await send(rig, `GET /api/v1/audit?after=${first.body.next}`);
    expect(second.body).toMatchObject({ items: [{ seq: 1 }] });
    expect(await send(rig, 'GET /api/v1/audit?after=garbage')).toMatchObject({
      status: 400,
      body: { code: 'GUARD_HTTP_QUERY' },
    });
  });

  test('is verified, with ends noted earlier', async () => {
    const rig = await createRig();
    expect((await send(rig, 'GET /api/v1/audit/verify')).body).toMatchObject({ ok: true });
    expect((await send(rig, `GET /api/v1/audit/verify?anchors=guard@3:${hash},shard-7@1:${hash}`)).status).toBe(200);
    for (const bad of ['guard', `guard@x:${hash}`, 'guard@1:short'])
      expect(await send(rig, `GET /api/v1/audit/verify?anchors=${bad}`)).toMatchObject({
        status: 400,
        body: { code: 'GUARD_HTTP_QUERY' },
      });
  });
});

test('an answer carries the account that was proven and the token of a message', async () => {
  const rig = await withIncident({ state: 'awaiting-approval', approval: { planHash: 'h1' } });
  await send(rig, `POST /api/v1/incidents/${incidentId}/reject`, { by: 'mara', token: 'abc.def' });
  expect(rig.guard.calls.at(-1)).toEqual({
    method: 'reject',
    args: [incidentId, { by: 'mara via ops', account: 'ops', token: 'abc.def' }],
  });
});
