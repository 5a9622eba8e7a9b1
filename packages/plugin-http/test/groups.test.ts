import { describe, expect, test } from 'vitest';
import { createRig, send } from './fixture.ts';

describe('groups', () => {
  test('show of every figure the worst of any agent, and say so', async () => {
    const rig = await createRig();
    rig.guard.putAgent({ id: 'slow-1', group: 'slow' }, { metrics: { p95_latency_ms: 40, p99_latency_ms: 900 } });
    rig.guard.putAgent({ id: 'slow-2', group: 'slow' }, { metrics: { p95_latency_ms: 70 } });
    expect(await send(rig, 'GET /api/v1/groups/slow/slo')).toMatchObject({
      status: 200,
      body: {
        group: 'slow',
        of: 'maximum',
        agents: 2,
        p95LatencyMs: { value: 70, agentId: 'slow-2' },
        p99LatencyMs: { value: 900, agentId: 'slow-1' },
      },
    });
  });

  test('that have no agent show nothing', async () => {
    const rig = await createRig();
    expect((await send(rig, 'GET /api/v1/groups/nobody/slo')).body).toEqual({
      group: 'nobody',
      of: 'maximum',
      agents: 0,
    });
  });

  test('need a name that can be one', async () => {
    const rig = await createRig();
    expect(await send(rig, 'GET /api/v1/groups/%3Cb%3E/slo')).toMatchObject({ body: { code: 'GUARD_AGENT_ID' } });
  });
});
