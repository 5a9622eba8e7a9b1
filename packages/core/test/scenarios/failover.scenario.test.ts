import { describe, expect, it } from 'vitest';
import { crash, kinds, leads, pair, part, story, withoutIsolation } from './failover-world.ts';
import { healthy } from './rig.ts';

describe('failover', () => {
  it('fences the primary that died, promotes the nearest replica, and brings the old one back as a replica', async () => {
    const { rig, world } = await pair();
    expect(leads(rig, 'db.1')).toBe(true);
    crash(world, 'db.1');
    await rig.until(() => leads(rig, 'db.3'), 10_000, 100);
    expect(part(rig, 'db.3')).toMatchObject({ role: 'primary', epoch: 1, primary: 'db.3' });
    await rig.until(async () => (await rig.incidents()).every(({ state }) => state === 'resolved'), 120_000);
    expect(kinds(world)).toEqual(['isolate db.1', 'recreate db.1']);
    expect(part(rig, 'db.1')).toMatchObject({ role: 'replica', epoch: 1, primary: 'db.3' });
    expect(rig.fleet.roles.partOf('db.1', world.world.current('db.1').id)).toEqual({ role: 'replica', epoch: 1 });
    expect(rig.guard().routes('db').map(({ agentId, role }) => [agentId, role])).toEqual([
      ['db.1', 'replica'],
      ['db.2', 'replica'],
      ['db.3', 'primary'],
    ]); // prettier-ignore
    expect(rig.events.filter(({ type }) => type === 'failover.completed')).toMatchObject([
      { data: { agentId: 'db.1', group: 'db', to: 'db.3', epoch: 1 } },
    ]);
    expect(await story(rig)).toContain('db.3 leads group db in epoch 1; db.1 is brought back as a replica.');
  });

  it('fails over a primary that hangs, after it was isolated', async () => {
    const { rig, world } = await pair();
    rig.fleet.suffer('db.1', 'hang');
    let fenced: boolean | undefined;
    rig.fleet.roles.listen(() => (fenced = world.world.place('db.1').isolated));
    await rig.until(() => leads(rig, 'db.3'), 30_000, 100);
    expect(fenced).toBe(true);
  });

  it('first restarts it when the policy says so, and fails over when that did not heal it', async () => {
    const { rig, world } = await pair({ when: 'after-restart' });
    rig.fleet.suffer('db.1', 'hang', 1);
    await rig.until(() => leads(rig, 'db.3'), 180_000, 500);
    expect(kinds(world).slice(0, 2)).toEqual(['restart db.1', 'isolate db.1']);
  });

  it('is left out where a restart heals', async () => {
    const { rig, world } = await pair({ when: 'after-restart' });
    crash(world, 'db.1');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 120_000);
    expect(kinds(world)).toEqual(['restart db.1']);
    expect(part(rig, 'db.1')).toEqual({ role: 'primary', epoch: 0, primary: 'db.1' });
  });

  it('does nothing of it unless it is asked for, nor for a replica', async () => {
    const { rig, world } = await pair({ when: 'off' });
    crash(world, 'db.1');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 120_000);
    const other = await pair();
    crash(other.world, 'db.2');
    await other.rig.until(async () => (await other.rig.incidents())[0]?.state === 'resolved', 120_000);
    expect([kinds(world), kinds(other.world)]).toEqual([['restart db.1'], ['restart db.2']]);
  });

  it('takes no replica that is too far behind, and says so', async () => {
    const { rig, world } = await pair({ when: 'at-once', maxLag: '100ms' });
    crash(world, 'db.1');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 120_000);
    expect(kinds(world)).toEqual(['restart db.1']);
    expect(await story(rig)).toContain('No failover: db.3 is 200ms behind; 100ms are allowed.');
  });

  it('promotes nobody over a primary that it cannot fence', async () => {
    const { rig, world } = await pair(undefined, { supports: withoutIsolation });
    rig.fleet.suffer('db.1', 'hang');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 180_000);
    expect(kinds(world)).toEqual(['restart db.1']);
    expect(leads(rig, 'db.1')).toBe(true);
    expect(await story(rig)).toContain('db.1 may still be writing');
  });

  it('fails over once and not again before the pause is over', async () => {
    const { rig, world } = await pair();
    crash(world, 'db.1');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 120_000);
    crash(world, 'db.3');
    await rig.until(async () => {
      const all = await rig.incidents();
      return all.length === 2 && all.every(({ state }) => state === 'resolved');
    }, 120_000);
    expect(kinds(world)).toEqual(['isolate db.1', 'recreate db.1', 'restart db.3']);
    expect(await story(rig)).toContain('No failover: The last failover settled');
    await rig.clock.advance(31 * 60_000);
    crash(world, 'db.3');
    await rig.until(() => !leads(rig, 'db.3'), 30_000, 100);
    expect(part(rig, 'db.3')).toMatchObject({ epoch: 2 });
  });

  it('keeps who leads over a restart of the guard, and tells the old primary that comes back by itself', async () => {
    const { rig, world } = await pair();
    crash(world, 'db.1');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 120_000);
    rig.crash();
    await rig.boot();
    await healthy(rig);
    expect(part(rig, 'db.3')).toMatchObject({ role: 'primary', epoch: 1 });
    // Somebody starts it as it was set up: as the primary.
    world.world.replace(world.world.place('db.1'), 9);
    await rig.clock.advance(6_000);
    expect(rig.fleet.roles.partOf('db.1', world.world.current('db.1').id)).toEqual({ role: 'replica', epoch: 1 });
  });

  it('tells the one it promoted that it leads, when that was started anew', async () => {
    const { rig, world } = await pair();
    crash(world, 'db.1');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 120_000);
    crash(world, 'db.3');
    await rig.until(() => kinds(world).includes('restart db.3'), 30_000);
    await rig.clock.advance(6_000);
    expect(rig.fleet.roles.partOf('db.3', world.world.current('db.3').id)).toEqual({ role: 'primary', epoch: 1 });
  });

  it('follows a person who promoted another by hand', async () => {
    const { rig } = await pair();
    rig.fleet.roles.promote('db.2', (rig.guard().agents.get('db.2').agent.instance as { id: string }).id, 7);
    await rig.until(() => leads(rig, 'db.2'), 10_000, 100);
    expect(part(rig, 'db.1')).toMatchObject({ role: 'replica', epoch: 7, primary: 'db.2' });
  });

  it('asks a person first in mode approve', async () => {
    const { rig, world } = await pair(
      { when: 'at-once' },
      { config: { groups: { db: { mode: 'approve', failover: { when: 'at-once' } } } } },
    );
    crash(world, 'db.1');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'awaiting-approval', 30_000);
    const [incident] = await rig.incidents();
    expect(kinds(world)).toEqual([]);
    await rig.guard().approve((incident as { id: string }).id, { by: 'ada' });
    await rig.until(() => leads(rig, 'db.3'), 20_000, 100);
    expect(kinds(world)).toEqual(['isolate db.1']);
  });

  it('brings the old primary back as such when the replica refuses', async () => {
    const { rig, world } = await pair();
    rig.fleet.promote = async () => ({
      ok: false,
      unsupported: false,
      retryable: false,
      text: 'the agent answered 409',
    });
    crash(world, 'db.1');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 120_000);
    expect(kinds(world)).toEqual(['isolate db.1', 'recreate db.1']);
    expect(leads(rig, 'db.1')).toBe(true);
    expect(await story(rig)).toContain('db.3 did not take over');
  });

  it('leaves the old primary isolated and calls a person when it is not known whether the replica took over', async () => {
    const { rig, world } = await pair();
    rig.fleet.promote = async () => ({ ok: false, unsupported: false, retryable: true, text: 'no answer' });
    crash(world, 'db.1');
    await rig.until(async () => (await rig.incidents())[0]?.state === 'escalated', 120_000);
    expect(kinds(world)).toEqual(['isolate db.1']);
    expect(world.world.place('db.1').isolated).toBe(true);
  });
});
