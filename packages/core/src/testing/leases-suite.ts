import assert from 'node:assert/strict';
import type { Lease, Leases, StateStore } from '../contracts/index.ts';
import { isGuardError } from '../contracts/index.ts';
import { createRig, type Rig } from './rig.ts';
import type { Runner } from './runner.ts';

export interface LeasesSubject {
  /** New leases that nobody holds, and, where fences protect a store, that store. The suite starts and stops both. */
  make(rig: Rig): Promise<{ readonly leases: Leases; readonly store?: StateStore }>;
}

type Body = (leases: Leases, rig: Rig, store: StateStore | undefined) => Promise<void>;

/** The promises of `Leases`: mutual exclusion, fences that only rise, renewal, and a holder that knows when it lost. */
export function testLeases(runner: Runner, subject: LeasesSubject): void {
  const signal = new AbortController().signal;
  const it = (name: string, body: Body): void =>
    runner.it(name, async () => {
      const rig = createRig({ seed: name });
      const { leases, store } = await subject.make(rig);
      await store?.start?.(signal);
      await leases.start?.(signal);
      try {
        await body(leases, rig, store);
      } finally {
        await leases.stop?.(signal);
        await store?.stop?.(signal);
      }
    });
  runner.describe('Leases', () => {
    testExclusion(it);
    testRenewal(it);
    testLoss(it);
  });
}

function testExclusion(it: (name: string, body: Body) => void): void {
  it('gives a lease to one holder at a time, by name', async (leases) => {
    const lease = await held(leases, 'shard/1', 'a');
    assert.equal(lease.name, 'shard/1');
    assert.equal(await leases.acquire('shard/1', 'b', 1000), undefined);
    const other = await held(leases, 'shard/2', 'b');
    await lease.release();
    await other.release();
  });
  it('gives it to exactly one of many who ask at once', async (leases) => {
    const asked = Array.from({ length: 10 }, (_, n) => leases.acquire('l', `holder-${n}`, 1000));
    const given = (await Promise.all(asked)).filter((lease) => lease !== undefined);
    assert.equal(given.length, 1);
    await given[0]?.release();
  });
  it('raises the fence with every holder: after a release, an expiry and a return of the same holder', async (leases, rig) => {
    const fences: number[] = [];
    const first = await held(leases, 'l', 'a');
    fences.push(first.fence);
    await first.release();
    fences.push((await held(leases, 'l', 'b')).fence);
    await rig.clock.advance(1001, { turns: 3 });
    fences.push((await held(leases, 'l', 'c')).fence);
    const again = await held(leases, 'l', 'c');
    fences.push(again.fence);
    await again.release();
    assert.ok(
      fences.every((fence, at) => at === 0 || fence > (fences[at - 1] as number)),
      fences.join(' '),
    );
  });
  it('is free at once after a release, and a release may come twice', async (leases) => {
    const lease = await held(leases, 'l', 'a');
    await lease.release();
    await lease.release();
    assert.equal(lease.lost.aborted, true);
    assert.equal(await lease.renew(), false);
    const next = await held(leases, 'l', 'b');
    await lease.release();
    assert.equal(await leases.acquire('l', 'c', 1000), undefined);
    await next.release();
  });
}

function testRenewal(it: (name: string, body: Body) => void): void {
  it('is kept as long as it is renewed', async (leases, rig) => {
    const timers = rig.clock.pendingTimers;
    const lease = await held(leases, 'l', 'a');
    for (let round = 0; round < 5; round += 1) {
      await rig.clock.advance(600, { turns: 3 });
      assert.equal(await lease.renew(), true);
      assert.equal(await leases.acquire('l', 'b', 1000), undefined);
    }
    assert.equal(lease.lost.aborted, false);
    await lease.release();
    assert.equal(rig.clock.pendingTimers, timers);
  });
}

function testLoss(it: (name: string, body: Body) => void): void {
  it('is lost when its time is over without renewal, not earlier and not later', async (leases, rig) => {
    const lease = await held(leases, 'l', 'a');
    await rig.clock.advance(999);
    assert.equal(lease.lost.aborted, false);
    await rig.clock.advance(1);
    assert.ok(isGuardError(lease.lost.reason, 'GUARD_LEASE_LOST'));
    assert.equal(await lease.renew(), false);
    const next = await held(leases, 'l', 'b');
    await next.release();
  });
  it('tells a holder at its renewal that another took over while it was away', async (leases, rig) => {
    const lease = await held(leases, 'l', 'a');
    // The wall clock jumps on, as after a suspended machine: for the store the lease ran out.
    rig.clock.jumpWall(1000);
    const next = await held(leases, 'l', 'b');
    assert.equal(await lease.renew(), false);
    assert.ok(isGuardError(lease.lost.reason, 'GUARD_LEASE_LOST'));
    await lease.release();
    assert.equal(await leases.acquire('l', 'c', 1000), undefined);
    await next.release();
  });
  it('fences off a former holder at the store', async (leases, rig, store) => {
    if (!store) return;
    const put = (lease: Lease, value: string): Promise<unknown> =>
      store.commit('shard/1', [{ op: 'put', key: 'shard/1/k', value, when: 'any' }], {
        fence: lease.fence,
        durability: 'sync',
      });
    const old = await held(leases, 'l', 'a');
    await put(old, 'old');
    await rig.clock.advance(1001, { turns: 3 });
    const now = await held(leases, 'l', 'b');
    await put(now, 'new');
    await assert.rejects(put(old, 'late'), (error) => isGuardError(error, 'GUARD_STATE_FENCED'));
    assert.equal((await store.get('shard/1/k'))?.value, 'new');
    await now.release();
  });
}

async function held(leases: Leases, name: string, holder: string): Promise<Lease> {
  const lease = await leases.acquire(name, holder, 1000);
  assert.ok(lease, `${name} should be free for ${holder}`);
  return lease;
}
