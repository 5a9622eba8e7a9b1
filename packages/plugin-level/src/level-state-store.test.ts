import { guardError, isGuardError } from '@praetorian-guard/core/plugin';
import { createRig, type Rig } from '@praetorian-guard/core/testing';
import { describe, expect, it } from 'vitest';
import type { IntegrityCheck } from './integrity.ts';
import type { Changes, LevelDatabase, Range } from './level-client.ts';
import { LevelStateStore } from './level-state-store.ts';

/** LevelDB in memory, which can hold up or fail its writes, and refuse to be opened or closed. */
class FakeLevel implements LevelDatabase {
  readonly data = new Map<string, Buffer>();
  readonly writes: { readonly keys: number; readonly sync: boolean }[] = [];
  failures: ('before' | 'after')[] = [];
  hold: Promise<void> = Promise.resolve();
  opened = 0;
  closed = 0;
  /** Openings and closings that fail from now on. */
  refuses = { open: 0, close: 0 };

  readonly checks: IntegrityCheck[] = [];

  open(check: IntegrityCheck): this {
    this.opened += 1;
    this.checks.push(check);
    if (this.refuses.open-- > 0)
      throw guardError('GUARD_STATE_READ_ONLY', { path: '/nowhere', why: 'the disk is full' });
    return this;
  }

  async get(key: string): Promise<Buffer | undefined> {
    return this.data.get(key);
  }

  async getMany(keys: readonly string[]): Promise<(Buffer | undefined)[]> {
    return keys.map((key) => this.data.get(key));
  }

  async page({ gt, gte, lt, reverse }: Range, limit: number): Promise<[string, Buffer][]> {
    const inside = (key: string): boolean =>
      (gt === undefined || key > gt) && (gte === undefined || key >= gte) && key < lt;
    const found = [...this.data].filter(([key]) => inside(key)).sort(([a], [b]) => (a < b ? -1 : 1));
    return (reverse ? found.reverse() : found).slice(0, limit);
  }

  async write(changes: Changes, sync: boolean): Promise<void> {
    await this.hold;
    const failure = this.failures.shift();
    if (failure === 'before') throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'No space left on device' });
    for (const [key, value] of changes) {
      if (value === undefined) this.data.delete(key);
      else this.data.set(key, value);
    }
    this.writes.push({ keys: changes.size, sync });
    if (failure === 'after') throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'Input/output error' });
  }

  async close(): Promise<void> {
    this.closed += 1;
    if (this.refuses.close-- > 0) throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'Input/output error' });
  }
}

async function started(rig: Rig): Promise<{ store: LevelStateStore; level: FakeLevel }> {
  const level = new FakeLevel();
  const open = async (_folder: string, check: IntegrityCheck): Promise<FakeLevel> => level.open(check);
  const store = new LevelStateStore({ path: '/nowhere', clock: rig.clock, log: rig.log, metrics: rig.metrics, open });
  await store.start();
  level.writes.length = 0;
  return { store, level };
}

const put = (key: string, value = 1) => ({ op: 'put', key, value, when: 'any' }) as const;
const sync = { durability: 'sync' } as const;
const relaxed = { durability: 'relaxed' } as const;

describe('LevelStateStore', () => {
  it('writes commits that wait together, with one flush if any of them asks for it', async () => {
    const rig = createRig();
    const { store, level } = await started(rig);
    let go = (): void => undefined;
    level.hold = new Promise((resolve) => (go = resolve));
    const first = store.commit('p', [put('first')], relaxed);
    await rig.clock.settle();
    const rest = Array.from({ length: 20 }, (_, n) => store.commit('p', [put(`k/${n}`)], n === 7 ? sync : relaxed));
    go();
    await Promise.all([first, ...rest]);
    expect(level.writes.map((write) => write.sync)).toEqual([false, true]);
    expect(level.writes[1]?.keys).toBe(20);
  });

  it('judges every commit of a group on those before it, and lets the others through when one is refused', async () => {
    const { store } = await started(createRig());
    const results = await Promise.allSettled([
      store.commit('p', [{ op: 'put', key: 'k', value: 1, when: 'absent' }], { ...sync, fence: 5 }),
      store.commit('p', [{ op: 'put', key: 'k', value: 2, when: 'absent' }], sync),
      store.commit('p', [put('j')], { ...sync, fence: 4 }),
      store.commit('p', [{ op: 'append', stream: 's', value: 'a' }], sync),
      store.commit('p', [{ op: 'append', stream: 's', value: 'b' }], { ...sync, fence: 5 }),
    ]);
    expect(results.map((result) => result.status)).toEqual([
      'fulfilled',
      'rejected',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect((await store.get('k'))?.value).toBe(1);
    expect((await store.read('s', 0, 9)).map((entry) => entry.seq)).toEqual([1, 2]);
  });

  it.each(['before', 'after'] as const)(
    'opens the database anew after a write that failed %s it was done',
    async (when) => {
      const rig = createRig();
      const { store, level } = await started(rig);
      await store.commit('p', [put('k', 1), { op: 'append', stream: 's', value: 1 }], { ...sync, fence: 1 });
      level.failures = [when];
      const failed = await store
        .commit('p', [put('k', 2), { op: 'append', stream: 's', value: 2 }], { ...sync, fence: 2 })
        .catch((error: unknown) => error);
      expect(isGuardError(failed, 'GUARD_STATE_UNAVAILABLE')).toBe(true);
      await store.commit('p', [{ op: 'append', stream: 's', value: 3 }], sync);
      expect([level.opened, level.closed]).toEqual([2, 1]);
      const done = when === 'after';
      expect((await store.get('k'))?.value).toBe(done ? 2 : 1);
      expect((await store.read('s', 0, 9)).map((entry) => entry.value)).toEqual(done ? [1, 2, 3] : [1, 3]);
      const old = await store.commit('p', [], { ...sync, fence: 1 }).catch((error: unknown) => error);
      expect(isGuardError(old, 'GUARD_STATE_FENCED')).toBe(done);
      expect(rig.log.entries.map((entry) => entry.level)).toEqual(['error', 'warn']);
    },
  );

  it.each(['open', 'close'] as const)(
    'is read and written again by itself when a database that would not %s after a failed write does so at last',
    async (what) => {
      const rig = createRig();
      const { store, level } = await started(rig);
      await store.commit('p', [put('k', 1)], sync);
      level.failures = ['before'];
      level.refuses[what] = 2;
      for (let n = 0; n < 20; n += 1)
        await expect(store.commit('p', [put('k', 2)], sync)).rejects.toMatchObject({ code: 'GUARD_STATE_UNAVAILABLE' });
      await expect(store.get('k')).rejects.toThrow(what === 'open' ? 'the disk is full' : 'Input/output error');
      await rig.clock.advance(3_000);
      expect((await store.get('k'))?.value).toBe(1);
      await store.commit('p', [put('k', 3)], sync);
      expect((await store.get('k'))?.value).toBe(3);
      expect([level.opened, level.closed]).toEqual(what === 'open' ? [4, 1] : [2, 3]);
    },
  );

  it('checks everything at the start, for as long as that may take, and no tables when it is opened anew', async () => {
    const { store, level } = await started(createRig());
    level.failures = ['before'];
    await expect(store.commit('p', [put('k')], sync)).rejects.toThrow('No space left');
    await store.commit('p', [put('k')], sync);
    expect(level.checks).toEqual([{ tables: true }, { tables: false }]);
    expect(store.startWithinMs).toBeGreaterThan(30_000);
  });

  it('tries a few times a minute to open a database whose disk stays full, however often it is written', async () => {
    const rig = createRig();
    const { store, level } = await started(rig);
    level.failures = ['before'];
    level.refuses.open = Infinity;
    for (let second = 0; second < 600; second += 1) {
      await store.commit('p', [put('k')], sync).catch(() => undefined);
      await rig.clock.advance(1_000);
    }
    expect(level.opened).toBeGreaterThan(600 / 15);
    expect(level.opened).toBeLessThan(60);
    await store.stop();
    expect(rig.clock.pendingTimers).toBe(0);
  });

  it('never gives a version out twice, also when a restart forgot how far it was', async () => {
    const rig = createRig();
    const { store, level } = await started(rig);
    const seen = new Set<string | undefined>();
    for (let run = 0; run < 3; run += 1) {
      for (let n = 0; n < 3; n += 1) seen.add((await store.commit('p', [put('k')], sync))['k']);
      await store.stop();
      await store.start();
    }
    expect(seen.size).toBe(9);
    expect(level.opened).toBe(4);
  });

  it('removes values whose time is over, and what it knew of them, but not what was written since', async () => {
    const rig = createRig();
    const { store, level } = await started(rig);
    const short = (key: string) => ({ ...put(key), ttlMs: 1_000 });
    await store.commit(
      'p',
      [short('gone'), short('renewed'), short('kept'), { ...put('later'), ttlMs: 90_000 }],
      relaxed,
    );
    await store.commit('p', [{ ...put('renewed'), ttlMs: 90_000 }, put('kept')], relaxed);
    await rig.clock.advance(60_000);
    await rig.clock.settle(3);
    expect(
      [...level.data.keys()]
        .filter((key) => /^[kx]\//.test(key))
        .map((key) => key.replace(/\d{16}/, '…'))
        .sort(),
    ).toEqual(['k/kept', 'k/later', 'k/renewed', 'x/… later', 'x/… renewed']);
    await rig.clock.advance(60_000);
    await rig.clock.settle(3);
    expect([...level.data.keys()].filter((key) => /^[kx]\//.test(key))).toEqual(['k/kept']);
    await store.stop();
    expect(rig.clock.pendingTimers).toBe(0);
  });

  it('has one place in the index for a value that was written a thousand times with a time to live', async () => {
    const rig = createRig();
    const { store, level } = await started(rig);
    const month = { ...put('k'), ttlMs: 31 * 86_400_000 };
    const index = (): string[] => [...level.data.keys()].filter((key) => key.startsWith('x/'));
    for (let n = 0; n < 500; n += 1) {
      await rig.clock.advance(1_000);
      // Two of one group, too, of which the second overwrites the first.
      await Promise.all([
        store.commit('p', [month], relaxed),
        store.commit('p', [{ ...month, ttlMs: 1 + n }], relaxed),
      ]);
    }
    expect(index()).toHaveLength(1);
    await store.commit('p', [month, month], relaxed);
    expect(index()).toHaveLength(1);
    const version = (await store.get('k'))?.version as string;
    await store.commit('p', [{ op: 'delete', key: 'k', when: { version } }], relaxed);
    expect(index()).toEqual([]);
  });

  it('finishes what was asked of it before it stops', async () => {
    const rig = createRig();
    const { store, level } = await started(rig);
    const pending = [store.commit('p', [put('a')], sync), store.commit('p', [put('b')], sync)];
    await store.stop();
    await Promise.all(pending);
    expect([...level.data.keys()]).toEqual(expect.arrayContaining(['k/a', 'k/b']));
    expect(level.closed).toBe(1);
  });

  it('refuses a layout of another version', async () => {
    const rig = createRig();
    const { store, level } = await started(rig);
    await store.stop();
    level.data.set('m/format', Buffer.from('2'));
    await expect(store.start()).rejects.toThrow('its layout is 2, this version reads 1');
    expect(level.closed).toBe(2);
  });

  it('says which record is damaged when a value cannot be read', async () => {
    const { store, level } = await started(createRig());
    await store.commit('p', [put('k')], sync);
    const record = level.data.get('k/k')!;
    record.fill(0x7b, 17);
    await expect(store.get('k')).rejects.toThrow('k is not JSON');
  });
});
