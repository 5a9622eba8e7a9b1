import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { StateStore, StoreOp } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import type { AuditEntry, Json } from '../model/index.ts';
import { AuditLog, shardChain } from './audit-log.ts';
import { MemoryStateStore } from './memory-state-store.ts';

const act = (subject: string, actor = 'ann') => ({ actor, action: 'approve', subject, data: { why: 'because' } });

function bench(wrap: (store: StateStore) => StateStore = (store) => store) {
  const clock = createVirtualClock();
  const store = new MemoryStateStore(clock);
  const log = (): AuditLog => new AuditLog({ store: wrap(store), clock, shards: () => 3 });
  const write = (audit: AuditLog, shard: number, subject: string, more: readonly StoreOp[] = []) =>
    audit.write(shardChain(shard), [act(subject)], (ops) =>
      store.commit(`shard/${shard}`, [...more, ...ops], { durability: 'sync' }),
    );
  return { clock, store, log, write };
}

/** A store that holds other entries than were written: what somebody with access to its files can do. */
function tampered(store: StateStore, change: (values: readonly Json[], stream: string) => readonly Json[]): StateStore {
  return new Proxy(store, {
    get: (target, key) => {
      const value: unknown = Reflect.get(target, key, target);
      if (key !== 'read') return typeof value === 'function' ? value.bind(target) : value;
      return async (stream: string, after: number, limit: number) => {
        const all = await target.read(stream, 0, 10_000);
        const values = change(
          all.map((entry) => entry.value),
          stream,
        );
        return values.map((one, at) => ({ seq: at + 1, value: one })).slice(after, after + limit);
      };
    },
  });
}

describe('the audit log', () => {
  it('holds what was done, by whom and when, and its chains fit', async () => {
    const { log, write, clock } = bench();
    const audit = log();
    await write(audit, 1, 'inc_1');
    await clock.advance(1_000);
    await audit.record({ actor: 'bob', action: 'hold', subject: 'hold_1' });
    const { items } = await audit.list(10);
    expect(items.map(({ actor, action, subject, seq }) => [actor, action, subject, seq])).toEqual([
      ['bob', 'hold', 'hold_1', 1],
      ['ann', 'approve', 'inc_1', 1],
    ]);
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 2, anchor: audit.status().anchor });
  });

  it('writes an entry and what it records together or not at all', async () => {
    const { log, store, write } = bench();
    const audit = log();
    await write(audit, 0, 'inc_1', [{ op: 'put', key: 'shard/0/x', value: 1, when: 'absent' }]);
    const clash = write(audit, 0, 'inc_2', [{ op: 'put', key: 'shard/0/x', value: 2, when: 'absent' }]);
    await expect(clash).rejects.toMatchObject({ code: 'GUARD_STATE_CONFLICT' });
    expect((await audit.list(10)).items.map((entry) => entry.subject)).toEqual(['inc_1']);
    await write(audit, 0, 'inc_3');
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 2 });
    expect((await store.get('shard/0/x'))?.value).toBe(1);
  });

  it('keeps one chain when many write at once, also from two guards', async () => {
    const { log, write } = bench();
    const [one, two] = [log(), log()];
    await Promise.all(
      Array.from({ length: 40 }, (_, at) => write(at % 2 === 0 ? one : two, 1, `inc_${at}`).catch(() => undefined)),
    );
    const check = await log().verify();
    expect(check.ok).toBe(true);
    expect(check.entries).toBeGreaterThanOrEqual(20);
  });

  it('goes on after a restart where it stopped', async () => {
    const { log, write } = bench();
    await write(log(), 1, 'inc_1');
    await write(log(), 1, 'inc_2');
    expect(await log().verify()).toMatchObject({ ok: true, entries: 2 });
  });

  it('links anew after a commit of which nobody knows whether it was applied', async () => {
    const { log, store, write } = bench();
    const audit = log();
    await write(audit, 1, 'inc_1');
    const lost = audit.write(shardChain(1), [act('inc_2')], async (ops) => {
      await store.commit('shard/1', ops, { durability: 'sync' });
      throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'the answer was lost' });
    });
    await expect(lost).rejects.toMatchObject({ code: 'GUARD_STATE_UNAVAILABLE' });
    await write(audit, 1, 'inc_3');
    expect(await audit.verify()).toMatchObject({ ok: true, entries: 3 });
  });

  it('pages through everything once, newest first', async () => {
    const { log, write, clock } = bench();
    const audit = log();
    for (let at = 0; at < 25; at += 1) {
      await write(audit, at % 3, `inc_${at}`);
      if (at % 4 === 0) await clock.advance(10);
    }
    const seen: string[] = [];
    let after: string | undefined;
    do {
      const page = await audit.list(7, after);
      seen.push(...page.items.map((entry) => entry.subject));
      after = page.next;
    } while (after !== undefined);
    expect(new Set(seen).size).toBe(25);
    expect(seen).toHaveLength(25);
  });

  it('finds any entry that was changed, removed, added or moved', async () => {
    const { log, write, store, clock } = bench();
    for (let at = 0; at < 12; at += 1) await write(log(), 1, `inc_${at}`);
    const audit = (change: (values: readonly Json[]) => readonly Json[]): AuditLog =>
      new AuditLog({
        clock,
        shards: () => 3,
        store: tampered(store, (values, stream) => (stream === 'shard/1/audit' ? change(values) : values)),
      });
    const place = fc.integer({ min: 0, max: 11 });
    await fc.assert(
      fc.asyncProperty(place, place, fc.constantFrom('change', 'remove', 'swap', 'add'), async (a, b, how) => {
        fc.pre(how !== 'swap' || a !== b);
        const check = await audit((values) => spoilt(values, how, a, b)).verify();
        expect(check.ok).toBe(false);
        const first = how === 'swap' ? Math.min(a, b) : a;
        expect(check.chains[0]?.broken?.seq).toBe(first + 1);
      }),
    );
  });

  it('finds an entry that was put behind the end of a chain, before and after a restart', async () => {
    const { log, store, write } = bench();
    const audit = log();
    await write(audit, 1, 'inc_1');
    const forged = { op: 'append', stream: 'shard/1/audit', value: { seq: 2, actor: 'mallory' } } as const;
    await store.commit('shard/1', [forged], { durability: 'sync' });
    for (const checked of [audit, log()])
      expect(await checked.verify()).toMatchObject({
        ok: false,
        chains: [{ chain: 'shard-1', broken: { seq: 2, why: expect.stringContaining('behind the end') } }],
      });
  });

  it('finds by a noted anchor that a chain was cut off together with its head', async () => {
    const { log, write, store, clock } = bench();
    const audit = log();
    for (let at = 0; at < 5; at += 1) await write(audit, 1, `inc_${at}`);
    const [noted] = audit.heads();
    const cut = tampered(store, (values) => values.slice(0, 3));
    await store.commit('shard/1', [{ op: 'delete', key: 'shard/1/audit-head', when: 'any' }], { durability: 'sync' });
    const later = new AuditLog({ clock, shards: () => 3, store: cut });
    expect((await later.verify()).ok).toBe(true);
    expect(await later.verify(noted ? [noted] : [])).toMatchObject({
      ok: false,
      chains: [{ chain: 'shard-1', broken: { seq: 4 } }],
    });
  });
});

function spoilt(values: readonly Json[], how: string, a: number, b: number): readonly Json[] {
  const copy = [...values];
  const at = copy[a] as unknown as AuditEntry;
  if (how === 'change') copy[a] = { ...at, actor: 'mallory' };
  if (how === 'remove') copy.splice(a, 1);
  if (how === 'add') copy.splice(a, 0, { ...at, actor: 'mallory' } as unknown as Json);
  if (how === 'swap') [copy[a], copy[b]] = [copy[b] as Json, copy[a] as Json];
  return copy;
}
