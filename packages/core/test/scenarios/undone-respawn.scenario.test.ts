import { describe, expect, it } from 'vitest';
import { faultyWorld } from './faulty-world.ts';
import { healthy } from './rig.ts';

describe('a respawn that was taken back', () => {
  it('leaves the old instance current: it is heard again, and its recovery is seen', async () => {
    const { rig, orchestrator, acts } = await faultyWorld({
      config: { ladder: { respawn: { timeout: '15s', grace: '2s' } } },
    });
    await healthy(rig);
    const before = orchestrator.world.current('web.2').id;
    // Not ready for long: the new instance never takes work, so it is retired again.
    rig.fleet.suffer('web.2', 'not-ready', 3);
    await rig.guard().respawn('web.2', { by: 'ann' });
    await rig.until(() => acts.includes('web.2 retire'), 60_000);
    await rig.clock.advance(1_000);
    expect(orchestrator.world.current('web.2').id).toBe(before);
    rig.fleet.recover('web.2');
    await rig.clock.advance(60_000);
    const status = rig.guard().agents.get('web.2');
    expect(status.agent.instance?.id).toBe(before);
    expect(status).toMatchObject({ health: 'healthy', breaker: 'closed' });
    expect((await rig.incidents()).map((incident) => incident.state)).toEqual(['resolved']);
    await rig.stop();
  });

  it('leaves an old instance that had ended known as that', async () => {
    const { rig, orchestrator, acts } = await faultyWorld({
      config: { ladder: { respawn: { timeout: '15s', grace: '2s' } } },
    });
    await healthy(rig);
    rig.fleet.suffer('web.2', 'not-ready', 3);
    orchestrator.crash('web.2');
    await rig.guard().respawn('web.2', { by: 'ann' });
    await rig.until(() => acts.includes('web.2 retire'), 60_000, 10);
    await rig.clock.advance(500);
    const { findings } = rig.guard().agents.get('web.2');
    expect(findings).toMatchObject([{ kind: 'exited', implies: 'failed' }]);
    await rig.stop();
  });

  it('is remembered by a guard that is killed right after it', async () => {
    const { rig, orchestrator, acts } = await faultyWorld({
      config: { ladder: { respawn: { timeout: '15s', grace: '2s' } } },
    });
    await healthy(rig);
    const before = orchestrator.world.current('web.2').id;
    rig.fleet.suffer('web.2', 'not-ready', 3);
    await rig.guard().respawn('web.2', { by: 'ann' });
    await rig.until(() => acts.includes('web.2 retire'), 60_000, 10);
    rig.crash();
    await rig.clock.advance(2_000);
    rig.fleet.recover('web.2');
    await rig.boot();
    await rig.clock.advance(60_000);
    const status = rig.guard().agents.get('web.2');
    expect(status.agent.instance?.id).toBe(before);
    expect(status).toMatchObject({ health: 'healthy', breaker: 'closed' });
    expect((await rig.incidents()).map((incident) => incident.state)).toEqual(['resolved']);
    await rig.stop();
  });
});

describe('a hold on one agent of a workload', () => {
  it('keeps a recovery of its sibling from touching it', async () => {
    const { rig, orchestrator, acts } = await faultyWorld({
      kind: 'workload',
      config: { ladder: { restartScope: 'workload' } },
    });
    await healthy(rig);
    const hold = await rig
      .guard()
      .hold({ scope: { kind: 'agent', agentId: 'web.4' }, reason: 'debugging', by: 'ann', ttlMs: 3_600_000 });
    orchestrator.crash('web.2');
    await rig.clock.advance(60_000);
    expect(acts).toEqual([]);
    const [incident] = await rig.incidents();
    expect(incident).toMatchObject({ state: 'open', because: { code: 'hold' }, attempts: [] });
    await rig.guard().release(hold.id, { by: 'ann' });
    await rig.clock.advance(60_000);
    expect(acts).toEqual(['web.1+web.2+web.3+web.4+web.5 restart']);
    await rig.stop();
  });
});
