import { describe, expect, it } from 'vitest';
import type { SloObjective } from '../../src/model/index.ts';
import { fakeWorld, healthy, type World } from './rig.ts';

const good = ({ rig }: World, objective: SloObjective, agentId = 'web.1') =>
  rig
    .guard()
    .agents.get(agentId)
    .slo?.objectives.find((one) => one.objective === objective);

describe('service levels', () => {
  it('outlive the guard: what was counted before a crash is counted after it', async () => {
    const world = await fakeWorld({ groups: { web: { mode: 'observe' } } });
    const { rig } = world;
    await healthy(rig);
    rig.fleet.suffer('web.1', 'errors');
    await rig.clock.advance(120_000);
    rig.fleet.recover('web.1');
    await rig.clock.advance(120_000);
    const before = good(world, 'errorRate');
    expect(before?.bad).toBeGreaterThan(1_000);
    rig.crash();
    await rig.clock.advance(60_000);
    await rig.boot();
    await healthy(rig);
    const after = good(world, 'errorRate');
    // A crash costs about the last minute, in which nothing was bad.
    expect(after?.bad).toBeCloseTo(before?.bad ?? 0, 3);
    expect(after?.budgetLeft).toBeLessThan(0);
    expect(good(world, 'errorRate', 'web.2')?.bad).toBe(0);
    await rig.stop();
  });

  it('are kept whole by an orderly stop, and forgotten with the agent', async () => {
    const world = await fakeWorld();
    const { rig } = world;
    await healthy(rig);
    await rig.clock.advance(45_000);
    const before = good(world, 'latencyP95')?.total ?? 0;
    expect(before).toBeGreaterThan(20);
    await rig.stop();
    await rig.boot();
    expect(good(world, 'latencyP95')?.total).toBeGreaterThanOrEqual(before);
    rig.fleet.attach(undefined);
    await rig.guard().agents.deregister('web.1');
    await rig.clock.advance(30_000);
    const kept = await rig.store.list('shard/', { limit: 1_000 });
    const memories = kept.filter(({ key }) => key.includes('/memory/')).map(({ key }) => key.split('/').at(-1));
    expect(memories).toEqual(['web.2', 'web.3', 'web.4', 'web.5']);
    await rig.stop();
  });

  it('begin anew when their record is damaged, and say so', async () => {
    const world = await fakeWorld();
    const { rig } = world;
    await healthy(rig);
    await rig.stop();
    for (const { key } of await rig.store.list('shard/', { limit: 1_000 })) {
      if (!key.endsWith('/memory/web.1')) continue;
      const kept = { 'slo-burn': Buffer.from('{"v":1,"tallies":{"errorRate":3}}').toString('base64') };
      const value = { v: 1, at: rig.clock.now(), kept };
      await rig.store.commit('test', [{ op: 'put', key, value, when: 'any' }], { durability: 'relaxed' });
    }
    await rig.boot();
    expect(await healthy(rig)).toBe(true);
    expect(rig.log.entries.some(({ message }) => message.includes('a memory is damaged'))).toBe(true);
    await rig.stop();
  });

  it('page people through an incident while the budget burns fast', async () => {
    const world = await fakeWorld({ groups: { web: { mode: 'observe' } }, slo: { errorRateFactor: 10_000 } });
    const { rig } = world;
    await healthy(rig);
    rig.fleet.suffer('web.1', 'errors');
    await rig.clock.advance(90_000);
    const [incident] = await rig.incidents();
    expect(incident?.findings.map(({ kind }) => kind)).toContain('slo-burn');
    await rig.stop();
  });
});
