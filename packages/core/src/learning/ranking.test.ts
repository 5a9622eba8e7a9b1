import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededRandom } from '../runtime/index.ts';
import { keys } from '../state/keys.ts';
import { createRig } from '../testing/rig.ts';
import type { LedgerRecord } from './record.ts';
import type { Tallies } from './ranking.ts';
import { agedTo, counted, drawChances } from './ranking.ts';
import { RankingBook } from './ranking-book.ts';

const dayMs = 86_400_000;
const clock = { now: () => 0 };

/** Mean of many draws: the sampling is unbiased when it is near α / (α + β). */
function mean(tallies: Tallies, rung: 'restart' | 'recreate' | 'respawn'): number {
  let sum = 0;
  for (let at = 0; at < 4_000; at += 1)
    sum += drawChances(tallies, 0, seededRandom(at, clock)).find((draw) => draw.rung === rung)?.chance ?? NaN;
  return sum / 4_000;
}

describe('a draw', () => {
  it('is the same for the same seed, and always a chance', () => {
    fc.assert(
      fc.property(fc.string(), fc.nat(50), fc.nat(50), (seed, healed, failed) => {
        const tallies: Tallies = { restart: { healed, failed, at: 0 } };
        const draws = drawChances(tallies, 0, seededRandom(seed, clock));
        expect(draws).toEqual(drawChances(tallies, 0, seededRandom(seed, clock)));
        for (const { chance } of draws) expect(chance > 0 && chance < 1).toBe(true);
      }),
    );
  });

  it('has the mean of its Beta distribution', () => {
    expect(mean({}, 'restart')).toBeCloseTo(2 / 4, 1);
    expect(mean({}, 'respawn')).toBeCloseTo(4 / 6, 1);
    expect(mean({ restart: { healed: 18, failed: 2, at: 0 } }, 'restart')).toBeCloseTo(20 / 24, 1);
  });
});

describe('a tally', () => {
  it('counts 2 % less with every day', () => {
    const tally = counted({}, 'restart', 'healed', 0).restart as NonNullable<Tallies['restart']>;
    expect(agedTo(tally, dayMs).healed).toBeCloseTo(0.98, 10);
    expect(agedTo(tally, 30 * dayMs).healed).toBeCloseTo(0.98 ** 30, 10);
    expect(counted({ restart: tally }, 'restart', 'failed', dayMs).restart).toMatchObject({ failed: 1 });
  });

  it('is not changed by a wall clock that was set back', () => {
    const tally = { healed: 3, failed: 1, at: 10 * dayMs };
    expect(agedTo(tally, 0)).toEqual(tally);
  });
});

describe('the book of a group', () => {
  const outcome = (
    signature: string,
    change: Partial<Extract<LedgerRecord, { type: 'attempt' }>> = {},
  ): LedgerRecord => ({
    type: 'attempt',
    at: 1_000,
    incidentId: 'inc_1',
    agentId: 'web.1',
    signature,
    rung: 'restart',
    verdict: 'healed',
    tookMs: 1,
    ...change,
  });

  function setUp() {
    const rig = createRig();
    const make = (): RankingBook =>
      new RankingBook({ store: rig.state, log: rig.log, keyOf: (group) => keys.ranking(3, group) });
    const learn = async (book: RankingBook, record: LedgerRecord): Promise<void> => {
      await rig.state.commit(keys.partition(3), book.opsFor('web', record), { durability: 'sync' });
      book.remember('web', record);
    };
    return { rig, make, learn };
  }

  it('counts outcomes over all agents of the group and knows them after a restart', async () => {
    const { make, learn } = setUp();
    const book = make();
    await book.load('web');
    await learn(book, outcome('oom'));
    await learn(book, outcome('oom', { agentId: 'web.2', verdict: 'failed', rung: 'recreate' }));
    const again = make();
    await again.load('web');
    expect(again.talliesOf('web', 'oom')).toMatchObject({ restart: { healed: 1 }, recreate: { failed: 1 } });
    expect(again.talliesOf('web', 'oom')).toEqual(book.talliesOf('web', 'oom'));
    expect(again.talliesOf('db', 'oom')).toEqual({});
  });

  it('counts only what healed or did not', async () => {
    const { make } = setUp();
    const book = make();
    expect(book.opsFor('web', outcome('oom'))).toEqual([]);
    await book.load('web');
    expect(book.opsFor('web', outcome('oom', { verdict: 'superseded' }))).toEqual([]);
    expect(book.opsFor('web', outcome('oom', { rung: 'escalate' }))).toEqual([]);
    expect(book.opsFor('web', { type: 'failure', agentId: 'web.1', at: 1 })).toEqual([]);
  });

  it('keeps the failures that came up last, 200 of them', async () => {
    const { make } = setUp();
    const book = make();
    await book.load('web');
    for (let at = 0; at < 250; at += 1) book.remember('web', outcome(`s${at}`));
    expect(book.talliesOf('web', 's49')).toEqual({});
    expect(book.talliesOf('web', 's50')).not.toEqual({});
  });

  it('passes over what is damaged and goes on', async () => {
    const { rig, make } = setUp();
    const good = { signature: 'oom', restart: { healed: 2, failed: 0, at: 0 } };
    const value = [null, 'x', { signature: 1 }, { signature: 'bad', restart: { healed: 'many' } }, good];
    await rig.state.commit(keys.partition(3), [{ op: 'put', key: keys.ranking(3, 'web'), value, when: 'any' }], {
      durability: 'sync',
    });
    const book = make();
    await book.load('web');
    expect(book.talliesOf('web', 'oom').restart?.healed).toBe(2);
    expect(rig.log.entries.filter((entry) => entry.message.includes('damaged'))).toHaveLength(4);
  });
});
