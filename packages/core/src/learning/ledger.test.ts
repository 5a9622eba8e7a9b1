import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import type { LedgerEntry, Rung } from '../model/index.ts';
import { rungs } from '../model/index.ts';
import { keys } from '../state/keys.ts';
import { createRig, type Rig } from '../testing/rig.ts';
import { historyWindowMs } from './history.ts';
import { Ledger } from './ledger.ts';
import type { LedgerRecord } from './record.ts';

const fence = 1;
let rig: Rig;

beforeEach(() => {
  rig = createRig();
});

const ledger = (given: { keep?: number; agentsMax?: number } = {}): Ledger =>
  new Ledger({ store: rig.state, keys, log: rig.log, shardOf: () => 3, ...given });

const attempt = (given: Partial<LedgerEntry> = {}): LedgerRecord => ({
  type: 'attempt', at: rig.clock.now(), incidentId: 'inc_1', agentId: 'web-1', signature: 'oom', rung: 'restart', verdict: 'failed', tookMs: 10, ...given,
}); // prettier-ignore

describe('history', () => {
  it('knows nothing of an agent without a past', async () => {
    expect(await ledger().history('web-1', { signature: 'oom', now: rig.clock.now() })).toEqual({
      failures: 0,
      recurrence: 0,
      outcomes: {},
    });
  });

  it('counts transitions to failed and failed attempts of any signature', async () => {
    const one = ledger();
    await one.noteFailure('web-1', rig.clock.now(), { fence });
    await one.record(attempt(), { fence });
    await one.record(attempt({ signature: 'slow' }), { fence });
    await one.record(attempt({ verdict: 'healed' }), { fence });
    expect((await one.history('web-1', { signature: 'oom', now: rig.clock.now() })).failures).toBe(3);
  });

  it('forgets failures and recurrences after a day, and outcomes not', async () => {
    const one = ledger();
    await one.noteFailure('web-1', rig.clock.now(), { fence });
    await one.record(attempt(), { fence });
    const now = rig.clock.now() + historyWindowMs;
    expect(await one.history('web-1', { signature: 'oom', now })).toEqual({
      failures: 0,
      recurrence: 0,
      outcomes: { restart: { healed: 0, failed: 1 } },
    });
  });

  it('counts other incidents of the signature once each, and not the one that is judged', async () => {
    const one = ledger();
    const at = rig.clock.now();
    for (const incidentId of ['inc_1', 'inc_1', 'inc_2', 'inc_3']) {
      await one.record({ type: 'incident', agentId: 'web-1', incidentId, signature: 'oom', at }, { fence });
    }
    await one.record({ type: 'incident', agentId: 'web-1', incidentId: 'inc_4', signature: 'slow', at }, { fence });
    expect((await one.history('web-1', { signature: 'oom', now: at, current: 'inc_3' })).recurrence).toBe(2);
  });

  it('holds an overtaken or unclear attempt neither for nor against a rung', async () => {
    const one = ledger();
    await one.record(attempt({ verdict: 'superseded' }), { fence });
    await one.record(attempt({ verdict: 'ambiguous' }), { fence });
    expect(await one.history('web-1', { signature: 'oom', now: rig.clock.now() })).toMatchObject({
      failures: 0,
      outcomes: {},
    });
  });

  it('counts what is dated in the future after the clock was set back', async () => {
    const one = ledger();
    await one.noteFailure('web-1', rig.clock.now() + 60_000, { fence });
    expect((await one.history('web-1', { signature: 'oom', now: rig.clock.now() })).failures).toBe(1);
  });
});

describe('memory and store', () => {
  const verdicts = ['healed', 'failed', 'ambiguous', 'superseded'] as const;
  const anyRecord: fc.Arbitrary<LedgerRecord> = fc.oneof(
    fc.record({
      type: fc.constant('attempt' as const),
      agentId: fc.constantFrom('a', 'b'),
      incidentId: fc.constantFrom('inc_1', 'inc_2', 'inc_3'),
      signature: fc.constantFrom('oom', 'slow'),
      at: fc.integer({ min: 0, max: 2 * historyWindowMs }),
      rung: fc.constantFrom<Rung>(...rungs),
      verdict: fc.constantFrom(...verdicts),
      tookMs: fc.nat(1_000),
    }),
    fc.record({
      type: fc.constant('failure' as const),
      agentId: fc.constantFrom('a', 'b'),
      at: fc.integer({ min: 0, max: 2 * historyWindowMs }),
    }),
  );

  it('answers the same from memory and from the store, whenever an agent was first asked for', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRecord, { maxLength: 40 }), fc.nat(40), async (records, askedAt) => {
        rig = createRig();
        const warm = ledger({ keep: 10 });
        const question = { signature: 'oom', now: 2 * historyWindowMs };
        for (const [at, record] of records.entries()) {
          if (at === askedAt) await warm.load(['a', 'b']);
          await warm.record(record, { fence });
        }
        for (const agentId of ['a', 'b']) {
          expect(await warm.history(agentId, question)).toEqual(await ledger({ keep: 10 }).history(agentId, question));
        }
      }),
      { numRuns: 60 },
    );
  });

  it('loses nothing that is committed while it reads', async () => {
    const one = ledger();
    await one.record(attempt(), { fence });
    const fresh = ledger();
    const reading = fresh.history('web-1', { signature: 'oom', now: rig.clock.now() });
    await fresh.record(attempt({ incidentId: 'inc_2' }), { fence });
    await reading;
    expect((await fresh.history('web-1', { signature: 'oom', now: rig.clock.now() })).failures).toBe(2);
  });

  it('lands in the commit of the incident by way of its operations', async () => {
    const one = ledger();
    await one.load(['web-1']);
    await rig.state.commit(keys.partition(3), one.opsFor(attempt()), { durability: 'sync' });
    one.remember(attempt());
    expect(one.historyNow('web-1', { signature: 'oom', now: rig.clock.now() })?.failures).toBe(1);
    expect((await ledger().history('web-1', { signature: 'oom', now: rig.clock.now() })).failures).toBe(1);
  });

  it('says without waiting only what was loaded', async () => {
    const one = ledger();
    const question = { signature: 'oom', now: rig.clock.now() };
    expect(one.historyNow('web-1', question)).toBeUndefined();
    await one.load(['web-1']);
    expect(one.historyNow('web-1', question)).toBeDefined();
    one.forget('web-1');
    expect(one.historyNow('web-1', question)).toBeUndefined();
  });

  it('keeps what was learned when an agent flaps', async () => {
    const one = ledger({ keep: 5 });
    await one.record(attempt({ verdict: 'healed' }), { fence });
    for (let n = 0; n < 20; n += 1) await one.noteFailure('web-1', rig.clock.now(), { fence });
    const history = await ledger({ keep: 5 }).history('web-1', { signature: 'oom', now: rig.clock.now() });
    expect(history).toMatchObject({ failures: 5, outcomes: { restart: { healed: 1, failed: 0 } } });
  });

  it('drops the agent unused for longest from memory and reads it again when asked', async () => {
    const one = ledger({ agentsMax: 2 });
    const question = { signature: 'oom', now: rig.clock.now() };
    await one.noteFailure('a', rig.clock.now(), { fence });
    await one.load(['a', 'b', 'c']);
    expect(one.historyNow('a', question)).toBeUndefined();
    expect((await one.history('a', question)).failures).toBe(1);
  });

  it('passes over a damaged record and goes on', async () => {
    const stream = keys.ledger(3, 'web-1');
    const damaged = ['garbage', { type: 'attempt' }, { type: 'attempt', agentId: 'web-2', at: 1 }, null];
    const ops = damaged.map((value) => ({ op: 'append', stream, value }) as const);
    await rig.state.commit(keys.partition(3), ops, { durability: 'sync' });
    await ledger().record(attempt({ verdict: 'healed' }), { fence });
    expect(await ledger().attempts('web-1')).toHaveLength(1);
    expect(rig.log.entries.filter((entry) => entry.message.includes('damaged'))).toHaveLength(4);
  });

  it('reads again after the store failed', async () => {
    const one = ledger();
    await rig.state.stop();
    await expect(one.history('web-1', { signature: 'oom', now: 0 })).rejects.toMatchObject({
      code: 'GUARD_STATE_CLOSED',
    });
    await rig.state.start();
    expect((await one.history('web-1', { signature: 'oom', now: 0 })).failures).toBe(0);
  });
});
