import { describe, expect, it } from 'vitest';
import { MemoryStateStore } from '../state/memory-state-store.ts';
import { createRig } from '../testing/rig.ts';
import { guardError, isGuardError } from './errors.ts';
import type { StateStore } from './state-store.ts';
import { StoreLeases } from './store-leases.ts';

/** A store whose commits can be disturbed: lost on the way there, or done with the answer lost. */
function rigged() {
  const rig = createRig();
  const faults: ('lost' | 'unanswered')[] = [];
  const inner = new MemoryStateStore(rig.clock);
  const store: StateStore = Object.assign(Object.create(inner) as MemoryStateStore, {
    get: inner.get.bind(inner),
    now: inner.now.bind(inner),
    commit: async (...args: Parameters<StateStore['commit']>) => {
      const fault = faults.shift();
      if (fault === 'lost') throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'lost' });
      const versions = await inner.commit(...args);
      if (fault === 'unanswered') throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'no answer' });
      return versions;
    },
  });
  return { ...rig, faults, inner, leases: new StoreLeases(store, rig.clock) };
}

describe('StoreLeases', () => {
  it('keeps a lease over a renewal that was done but not answered', async () => {
    const { leases, faults, clock } = rigged();
    const lease = await leases.acquire('l', 'a', 1_000);
    faults.push('unanswered');
    await expect(lease?.renew()).rejects.toThrow('no answer');
    expect(lease?.lost.aborted).toBe(false);
    expect(await lease?.renew()).toBe(true);
    await clock.advance(999);
    expect(lease?.lost.aborted).toBe(false);
  });

  it('is lost in time when the store stays away, although nobody took it', async () => {
    const { leases, faults, clock } = rigged();
    const lease = await leases.acquire('l', 'a', 1_000);
    await clock.advance(900);
    faults.push('lost');
    await expect(lease?.renew()).rejects.toThrow('lost');
    await clock.advance(100);
    expect(isGuardError(lease?.lost.reason, 'GUARD_LEASE_LOST')).toBe(true);
  });

  it('counts its time from before the request, not from the answer', async () => {
    const { clock, inner } = rigged();
    const slow: StateStore = Object.assign(Object.create(inner) as MemoryStateStore, {
      get: async (key: string) => {
        await clock.sleep(400);
        return inner.get(key);
      },
      now: inner.now.bind(inner),
      commit: inner.commit.bind(inner),
    });
    const asked = new StoreLeases(slow, clock).acquire('l', 'a', 1_000);
    await clock.advance(400);
    const lease = await asked;
    await clock.advance(599);
    expect(lease?.lost.aborted).toBe(false);
    await clock.advance(1);
    expect(lease?.lost.aborted).toBe(true);
  });

  it('refuses a record that is not a lease', async () => {
    const { inner, leases } = rigged();
    await inner.commit('p', [{ op: 'put', key: 'lease/l', value: 'nonsense', when: 'any' }], { durability: 'sync' });
    await expect(leases.acquire('l', 'a', 1_000)).rejects.toThrow('it is not a lease');
  });
});
