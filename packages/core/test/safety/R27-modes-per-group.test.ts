/**
 * R27. The incident that taught it: a remediation switched on for a whole fleet at once did in its first night what
 * nobody had seen it decide before; those who let it record first found its mistakes in the records.
 */
import { describe, expect, it } from 'vitest';
import { faultyWorld } from '../scenarios/faulty-world.ts';
import { healthy, resolved } from '../scenarios/rig.ts';

const inMode = (mode: string): { config: object } => ({ config: { groups: { web: { mode } } } });

describe('R27: modes per group', () => {
  it('observe watches and tells, and does nothing', async () => {
    const { rig, orchestrator, acts } = await faultyWorld(inMode('observe'));
    await healthy(rig);
    orchestrator.crash('web.2');
    await rig.clock.advance(300_000);
    expect(acts).toEqual([]);
    expect((await rig.incidents())[0]).toMatchObject({ state: 'open', because: { code: 'mode-observe' } });
    expect(rig.events.some((event) => event.type === 'notice.sent')).toBe(true);
    await rig.stop();
  });

  it('dry-run walks the same path as auto and records, once, exactly what auto then does', async () => {
    const dry = await faultyWorld(inMode('dry-run'));
    await healthy(dry.rig);
    dry.orchestrator.crash('web.2');
    await dry.rig.clock.advance(60_000);
    expect(dry.acts).toEqual([]);
    const [incident] = await dry.rig.incidents();
    const timeline = await dry.rig.timeline(incident as NonNullable<typeof incident>);
    const would = timeline.filter(({ type }) => type === 'would-have');
    expect(would.length).toBeGreaterThan(0);
    const decisions = dry.rig.events.filter(
      (event) => event.type === 'decision.made' && event.data.reason.code === 'mode-dry-run',
    );
    expect(decisions).toHaveLength(would.length);

    const auto = await faultyWorld(inMode('auto'));
    await healthy(auto.rig);
    auto.orchestrator.crash('web.2');
    const healed = await resolved(auto.rig);
    expect(would[0]?.data).toMatchObject({
      rung: healed.attempts[0]?.plan.rung,
      steps: healed.attempts[0]?.steps.map(({ id }) => id),
    });
    await dry.rig.stop();
    await auto.rig.stop();
  });

  it('dry-run spends nothing of any budget', async () => {
    const { rig, orchestrator } = await faultyWorld(inMode('dry-run'));
    await healthy(rig);
    orchestrator.crash('web.2');
    await rig.clock.advance(60_000);
    for (let shard = 0; shard < 64; shard += 1)
      expect(await rig.store.list(`shard/${shard}/group-budget/`, { limit: 10 })).toEqual([]);
    expect(await rig.store.get('budget/fleet')).toBeUndefined();
    await rig.stop();
  });

  it('approve asks a person for every plan and does it then', async () => {
    const { rig, orchestrator, acts } = await faultyWorld(inMode('approve'));
    await healthy(rig);
    orchestrator.crash('web.2');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'awaiting-approval', 60_000);
    await rig.clock.advance(30_000);
    expect(acts).toEqual([]);
    const [incident] = await rig.incidents();
    await rig.guard().approve((incident as NonNullable<typeof incident>).id, { by: 'ann' });
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed' });
    expect(acts).toEqual(['web.2 restart']);
    await rig.stop();
  });
});
