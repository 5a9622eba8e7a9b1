import { describe, expect, it } from 'vitest';
import { faultyWorld } from './faulty-world.ts';
import { healthy, resolved } from './rig.ts';

describe('an agent that ended while the guard was away', () => {
  it.each(['single', 'workload'] as const)('is found dead by the inventory and healed (%s)', async (kind) => {
    const { rig, orchestrator, acts } = await faultyWorld({ kind });
    await healthy(rig);
    rig.crash();
    await rig.clock.advance(1_000);
    orchestrator.crash('web.2');
    await rig.clock.advance(1_000);
    await rig.boot();
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed', signature: expect.stringContaining('exited') });
    expect(acts).toHaveLength(1);
    await rig.stop();
  });

  it('is found dead, too, when only the inventory was away', async () => {
    const { rig, orchestrator } = await faultyWorld({ kind: 'workload' });
    await healthy(rig);
    orchestrator.breakInventory(2);
    await rig.clock.advance(100);
    orchestrator.crash('web.2');
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
    await rig.stop();
  });
});

describe('one kind of evidence where there is no restart', () => {
  it('goes to a person after silentFor, and nothing is done by itself', async () => {
    const { rig, acts } = await faultyWorld({ kind: 'workload' });
    await healthy(rig);
    rig.fleet.suffer('web.2', 'silent');
    await rig.clock.advance(90_000);
    const [incident] = await rig.incidents();
    expect(incident).toMatchObject({ state: 'escalated', told: true, reason: { code: 'single-evidence' } });
    expect(acts).toEqual([]);
    rig.fleet.recover('web.2');
    expect(await resolved(rig)).toMatchObject({ outcome: 'self-recovered' });
    await rig.stop();
  });
});
