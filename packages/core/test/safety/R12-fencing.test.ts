/**
 * R12. The incident that taught it: a leader that had paused for a collection of garbage woke up after another had taken
 * over, and went on to write; without a token that only grows nobody could tell the two apart (Jepsen, etcd 3.4.3).
 */
import { describe, expect, it } from 'vitest';
import { MemoryStateStore } from '../../src/state/index.ts';
import { createVirtualClock } from '../../src/testing/index.ts';
import { faultyWorld } from '../scenarios/faulty-world.ts';
import { healthy } from '../scenarios/rig.ts';

describe('R12: fencing', () => {
  it('a store refuses a token lower than the highest it has seen, and writes nothing of that commit', async () => {
    const store = new MemoryStateStore(createVirtualClock());
    const put = (value: string) => [{ op: 'put', key: 'shard/1/x', value, when: 'any' }] as const;
    await store.commit('shard/1', put('old owner'), { fence: 1, durability: 'sync' });
    await store.commit('shard/1', put('new owner'), { fence: 2, durability: 'sync' });
    await expect(
      store.commit('shard/1', put('old owner again'), { fence: 1, durability: 'sync' }),
    ).rejects.toMatchObject({
      code: 'GUARD_STATE_FENCED',
    });
    expect((await store.get('shard/1/x'))?.value).toBe('new owner');
  });

  it('a guard that cannot prove its lease any more stops acting, and looks around anew when it has it again', async () => {
    const { rig, store, orchestrator, acts } = await faultyWorld();
    await healthy(rig);
    store.fail(60_000);
    await rig.clock.advance(20_000);
    expect(
      rig
        .guard()
        .status()
        .degraded.map(({ what }) => what),
    ).toContain('lease');
    orchestrator.crash('web.2');
    await rig.clock.advance(30_000);
    expect(acts).toEqual([]);
    await rig.until(() => acts.length > 0, 120_000, 100);
    expect(acts).toEqual(['web.2 restart']);
    expect(rig.guard().status().settled).toBe(true);
    await rig.stop();
  });

  it('every action carries the token of the lease it was decided under, and it only grows', async () => {
    const fences: number[] = [];
    const { rig, orchestrator } = await faultyWorld({ onGrant: ({ fence }) => fences.push(fence) });
    await healthy(rig);
    orchestrator.crash('web.2');
    await rig.clock.advance(60_000);
    rig.crash();
    await rig.clock.advance(20_000);
    await rig.boot();
    await healthy(rig);
    orchestrator.crash('web.3');
    await rig.clock.advance(60_000);
    expect(fences.length).toBeGreaterThanOrEqual(2);
    expect(fences[0]).toBeGreaterThan(0);
    expect(fences.at(-1)).toBeGreaterThan(fences[0] as number);
    await rig.stop();
  });
});
