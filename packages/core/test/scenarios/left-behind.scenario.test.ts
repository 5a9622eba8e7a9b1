import { describe, expect, it } from 'vitest';
import type { Incident } from '../../src/model/index.ts';
import { faultyWorld, type FaultyWorld } from './faulty-world.ts';
import { healthy, resolved } from './rig.ts';

/** A respawn whose new instance works, and a hold that comes before the old one is retired. */
async function heldBeforeRetire(ttlMs: number): Promise<FaultyWorld & { readonly holdId: string }> {
  const world = await faultyWorld();
  const { rig, acts } = world;
  await healthy(rig);
  await rig.guard().respawn('web.2', { by: 'ann' });
  await rig.until(() => acts.includes('web.2 respawn'), 60_000, 10);
  const { id } = await rig
    .guard()
    .hold({ scope: { kind: 'agent', agentId: 'web.2' }, reason: 'debugging', by: 'ann', ttlMs });
  return { ...world, holdId: id };
}

const instances = ({ orchestrator }: FaultyWorld): number => orchestrator.world.place('web.2').instances.length;

describe('an old instance whose retirement a hold refused', () => {
  it('is retired when the hold is released, and the incident does not end before', async () => {
    const world = await heldBeforeRetire(3_600_000);
    const { rig, acts, holdId } = world;
    await rig.clock.advance(300_000);
    expect(acts).toEqual(['web.2 respawn']);
    expect(instances(world)).toBe(2);
    const [incident] = await rig.incidents();
    expect(incident).toMatchObject({ state: 'watching', leftovers: [{ told: true, tries: 0 }] });
    const told = rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice.kind] : []));
    expect(told.filter((kind) => kind === 'blocked')).toHaveLength(1);

    await rig.guard().release(holdId, { by: 'ann' });
    expect(await resolved(rig, 60_000)).toMatchObject({ outcome: 'healed', leftovers: [] });
    expect(acts).toEqual(['web.2 respawn', 'web.2 retire']);
    expect(instances(world)).toBe(1);
    expect(rig.guard().agents.get('web.2').agent.instance?.id).toBe(world.orchestrator.world.current('web.2').id);
    await rig.stop();
  });

  it('is retired when the hold runs out, also by a guard that was started meanwhile', async () => {
    const world = await heldBeforeRetire(400_000);
    const { rig, acts } = world;
    await rig.clock.advance(250_000);
    rig.crash();
    await rig.clock.advance(1_000);
    await rig.boot();
    await rig.clock.advance(60_000);
    expect(acts).toEqual(['web.2 respawn']);
    expect(await resolved(rig, 240_000)).toMatchObject({ outcome: 'healed' });
    expect(acts).toEqual(['web.2 respawn', 'web.2 retire']);
    expect(instances(world)).toBe(1);
    await rig.stop();
  });

  it('is looked for, not ended twice, by a guard that was killed while it ended it', async () => {
    const world = await heldBeforeRetire(3_600_000);
    const { rig, acts, holdId } = world;
    await rig.clock.advance(300_000);
    await rig.guard().release(holdId, { by: 'ann' });
    await rig.until(() => acts.includes('web.2 retire'), 30_000, 10);
    rig.crash();
    await rig.clock.advance(1_000);
    await rig.boot();
    expect(await resolved(rig, 120_000)).toMatchObject({ outcome: 'healed' });
    expect(acts).toEqual(['web.2 respawn', 'web.2 retire']);
    expect(instances(world)).toBe(1);
    await rig.stop();
  });

  it('is handed over to a person when it cannot be ended, and the incident ends', async () => {
    const world = await heldBeforeRetire(3_600_000);
    const { rig, orchestrator, holdId } = world;
    await rig.clock.advance(60_000);
    orchestrator.disturb('refuse', 100, 3_600_000);
    await rig.guard().release(holdId, { by: 'ann' });
    expect(await resolved(rig, 400_000)).toMatchObject({
      outcome: 'healed',
      leftovers: [{ tries: 3, handedOver: true }],
    });
    expect(instances(world)).toBe(2);
    const [incident] = await rig.incidents();
    const timeline = await rig.timeline(incident as Incident);
    expect(timeline.filter(({ type }) => type === 'leftover-finished')).toHaveLength(3);
    await rig.stop();
  });
});
