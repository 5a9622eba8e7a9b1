import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { CommitOptions, StateStore, StoreOp, Versions } from '../../contracts/index.ts';
import { guardError } from '../../contracts/index.ts';
import { MemoryStateStore } from '../../state/index.ts';
import { createVirtualClock, recordingLogger } from '../../testing/index.ts';
import { SharedBudgets } from './shared-budgets.ts';
import { StoreTime } from './store-time.ts';

const limit = { share: 0.1, least: 8, perMs: 600_000 };
const ask = { limit, size: 5 };
let attempts = 0;
/** Another attempt each time. */
const by = (weight: number) => ({ incidentId: 'inc_1', attempt: (attempts += 1), weight });

/** One store that several guards write. */
function sharedStore(inner: StateStore): StateStore {
  return new Proxy(inner, {
    get: (whole, key) => {
      if (key === 'supports') return { durable: true, shared: true };
      const value: unknown = Reflect.get(whole, key, whole);
      return typeof value === 'function' ? value.bind(whole) : value;
    },
  });
}

function guards(count: number): { clock: ReturnType<typeof createVirtualClock>; all: SharedBudgets[] } {
  const clock = createVirtualClock();
  const store = sharedStore(new MemoryStateStore(clock));
  const all = Array.from(
    { length: count },
    () => new SharedBudgets(store, new StoreTime(store, clock), recordingLogger()),
  );
  return { clock, all };
}

describe('the budget of the fleet', () => {
  it('is never overspent by guards that write it at the same moment', async () => {
    const turns = fc.array(fc.record({ guard: fc.nat(3), weight: fc.constantFrom(1, 2, 4) }), {
      minLength: 1,
      maxLength: 30,
    });
    await fc.assert(
      fc.asyncProperty(turns, async (wishes) => {
        const { all } = guards(4);
        const got = await Promise.all(
          wishes.map(async ({ guard, weight }): Promise<number> =>
            (await (all[guard] as SharedBudgets).reserve(ask, by(weight), false)) ? weight : 0,
          ),
        );
        expect(got.reduce((a, b) => a + b, 0)).toBeLessThanOrEqual(8);
      }),
      { numRuns: 40 },
    );
  });

  it('says no to who lost the race, who reads what the winner left', async () => {
    const { all } = guards(2);
    const [one, other] = all as [SharedBudgets, SharedBudgets];
    await Promise.all([one.load(0, 'web'), other.load(0, 'web')]);
    expect(await one.reserve(ask, by(4), false)).toBe(true);
    expect(await one.reserve(ask, by(4), false)).toBe(true);
    expect(await other.reserve(ask, by(1), false)).toBe(false);
    expect(other.global.tat).toBe(one.global.tat);
  });

  it('is taken beyond its end when a person approved it, and others wait the longer', async () => {
    const { clock, all } = guards(1);
    const [one] = all as [SharedBudgets];
    await one.reserve(ask, by(4), false);
    await one.reserve(ask, by(4), false);
    expect(await one.reserve(ask, by(4), true)).toBe(true);
    await clock.advance(300_000);
    expect(await one.reserve(ask, by(1), false)).toBe(false);
  });

  it('counts what the store wrote without an answer, and once when the attempt asks again', async () => {
    const clock = createVirtualClock();
    const memory = new MemoryStateStore(clock);
    let lost = 1;
    const forgetful = new Proxy(memory, {
      get: (whole, key) => {
        const value: unknown = Reflect.get(whole, key, whole);
        if (key === 'commit')
          return async (partition: string, ops: readonly StoreOp[], options: CommitOptions): Promise<Versions> => {
            const versions = await whole.commit(partition, ops, options);
            if (lost-- > 0) throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'the answer was lost' });
            return versions;
          };
        return typeof value === 'function' ? value.bind(whole) : value;
      },
    });
    const budgets = new SharedBudgets(forgetful, new StoreTime(forgetful, clock), recordingLogger());
    const attempt = by(4);
    await expect(budgets.reserve(ask, attempt, false)).rejects.toThrow('the answer was lost');
    // The same attempt takes its place once, another one its own.
    expect(await budgets.reserve(ask, attempt, false)).toBe(true);
    expect(await budgets.reserve(ask, by(4), false)).toBe(true);
    expect(await budgets.reserve(ask, by(1), false)).toBe(false);
  });
});

describe('the time of the store', () => {
  it('is what a shared store says, whatever the clock of the machine shows', async () => {
    const clock = createVirtualClock();
    const store = { supports: { durable: true, shared: true }, now: async () => clock.now() + 40_000 };
    const time = new StoreTime(store, clock);
    await time.refresh();
    expect(time.now()).toBe(clock.now() + 40_000);
    expect(time.toLocal(time.toStore(5))).toBe(5);
  });
});
