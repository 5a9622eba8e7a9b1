import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { MemoryStateStore } from './memory-state-store.ts';
import { timedStore } from './timed-store.ts';

const put = { op: 'put', key: 'k', value: 1, when: 'absent' } as const;

describe('timedStore', () => {
  it('may take as long to start as the store it wraps', () => {
    const clock = createVirtualClock();
    const store = Object.assign(new MemoryStateStore(clock), { startWithinMs: 90_000 });
    expect(timedStore(store, clock, () => undefined).startWithinMs).toBe(90_000);
  });

  it('is the store it wraps, and tells how long each commit took and what it threw', async () => {
    const clock = createVirtualClock();
    const memory = new MemoryStateStore(clock);
    const measured: unknown[] = [];
    const slow = {
      supports: memory.supports,
      now: () => memory.now(),
      get: (key: string) => memory.get(key),
      getBytes: (key: string) => memory.getBytes(key),
      list: (...given: Parameters<MemoryStateStore['list']>) => memory.list(...given),
      read: (...given: Parameters<MemoryStateStore['read']>) => memory.read(...given),
      tail: (...given: Parameters<MemoryStateStore['tail']>) => memory.tail(...given),
      commit: async (...given: Parameters<MemoryStateStore['commit']>) => {
        clock.skipTo(clock.monotonic() + 300);
        return memory.commit(...given);
      },
    };
    const store = timedStore(slow, clock, (tookMs, thrown) =>
      measured.push([tookMs, (thrown as Error | undefined)?.name]),
    );
    await store.commit('p', [put], { durability: 'sync' });
    await expect(store.commit('p', [put], { durability: 'sync' })).rejects.toMatchObject({
      code: 'GUARD_STATE_CONFLICT',
    });
    expect(measured).toEqual([
      [300, undefined],
      [300, 'GuardError'],
    ]);
    expect((await store.get('k'))?.value).toBe(1);
    expect(await store.list('k', { limit: 5 })).toHaveLength(1);
  });
});
