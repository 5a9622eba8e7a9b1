import { describe, expect, it } from 'vitest';
import { isGuardError } from '../contracts/index.ts';
import type { JsonObject } from '../model/index.ts';
import { createRig } from '../testing/rig.ts';
import { keys, MemoryStateStore, openMeta } from './index.ts';

describe('openMeta', () => {
  it('fixes shards and guard at the first start and keeps them', async () => {
    const { state, clock, random } = createRig();
    const first = await openMeta(state, { clock, random });
    expect(first).toEqual({
      schema: 1,
      shards: 64,
      guardId: expect.stringMatching(/^guard_[0-9A-Z]{26}$/) as string,
      createdAt: clock.now(),
    });
    await clock.advance(1_000);
    expect(await openMeta(state, { clock, random, shards: 8 })).toEqual(first);
  });

  it('agrees with another guard that starts at the same time', async () => {
    const { state, clock, random } = createRig();
    const metas = await Promise.all([8, 16, 32].map((shards) => openMeta(state, { clock, random, shards })));
    expect(new Set(metas.map((meta) => meta.shards)).size).toBe(1);
  });

  it('names every guard anew in a shared store, with the same shards', async () => {
    const { clock, random } = createRig();
    const shared = Object.assign(new MemoryStateStore(clock), { supports: { durable: true, shared: true } });
    const first = await openMeta(shared, { clock, random, shards: 8 });
    const second = await openMeta(shared, { clock, random });
    expect(second.shards).toBe(8);
    expect(second.guardId).not.toBe(first.guardId);
  });

  it('takes a store that does not say its schema for one of the first, and refuses one that a newer guard wrote', async () => {
    const { state, clock, random } = createRig();
    const { schema, ...first } = await openMeta(state, { clock, random });
    const put = (value: object) =>
      state.commit('p', [{ op: 'put', key: keys.meta, value: value as JsonObject, when: 'any' }], {
        durability: 'sync',
      });
    await put(first);
    expect(await openMeta(state, { clock, random })).toEqual({ schema, ...first });
    await put({ ...first, schema: 2 });
    await expect(openMeta(state, { clock, random })).rejects.toMatchObject({ code: 'GUARD_STATE_NEWER' });
  });

  it('refuses what it cannot make sense of', async () => {
    const { state, clock, random } = createRig();
    await state.commit('p', [{ op: 'put', key: keys.meta, value: { shards: -1 }, when: 'any' }], {
      durability: 'sync',
    });
    const error = await openMeta(state, { clock, random }).catch((thrown: unknown) => thrown);
    expect(isGuardError(error, 'GUARD_STATE_CORRUPT')).toBe(true);
  });
});
