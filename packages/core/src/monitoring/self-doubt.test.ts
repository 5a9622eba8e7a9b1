import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DoubtSettings } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import { recordedMetrics } from '../runtime/metrics.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import type { ProbeAnswer } from './prober.ts';
import { multiplierMax, SelfDoubt } from './self-doubt.ts';

const settings: DoubtSettings = {
  everyMs: 5_000,
  lagMs: 500,
  storeMs: 1_000,
  unanswered: 0.5,
  tellFrom: 3,
  canaries: [],
  canaryTimeoutMs: 2_000,
};
const canaries = [{ url: 'http://canary.example/' }];
const up: ProbeAnswer = { outcome: 'up', latencyMs: 5, statusCode: 200 };
const none: ProbeAnswer = { outcome: 'down', latencyMs: 2_000, detail: 'no answer within 2s' };
const refused: ProbeAnswer = { outcome: 'down', latencyMs: 1, detail: 'connection refused' };

function doubting(given: Partial<DoubtSettings> = {}) {
  const clock = createVirtualClock();
  const metrics = recordedMetrics();
  const told: (readonly [string, string | undefined])[] = [];
  const world = { canary: up, store: async (): Promise<unknown> => undefined };
  const doubt = new SelfDoubt({
    clock,
    metrics,
    settings: { ...settings, ...given },
    ask: async () => world.canary,
    readStore: () => world.store(),
    degraded: (what, why) => told.push([what, why]),
  });
  /** A round of ticks, each of which comes in time unless told otherwise. */
  const round = async (lateMs = 0): Promise<number> => {
    for (let tick = 0; tick < 25; tick += 1) {
      await clock.advance(200);
      doubt.ticked(tick === 20 ? lateMs : 0, 1);
    }
    return doubt.multiplier;
  };
  return { clock, metrics, told, world, doubt, round };
}

describe('SelfDoubt', () => {
  it('is at rest while nothing speaks against the guard', async () => {
    const { doubt, round, told } = doubting();
    for (let at = 0; at < 5; at += 1) expect(await round()).toBe(0);
    expect([doubt.stretch(), doubt.canaryFailed, doubt.status().reasons, told]).toEqual([1, undefined, [], []]);
  });

  it('grows by one a round in which a tick came late, and goes by one a good round', async () => {
    const { doubt, round } = doubting();
    expect([await round(600), await round(600), await round(600)]).toEqual([1, 2, 3]);
    expect(doubt.status().reasons).toEqual(['a tick came 600ms late (at most 500ms)']);
    expect([await round(), await round(), await round(), await round()]).toEqual([2, 1, 0, 0]);
  });

  it('counts a long pause as the bad rounds it lasted', () => {
    const { doubt, clock } = doubting();
    clock.skipTo(22_000);
    doubt.ticked(21_800, 1);
    expect(doubt.multiplier).toBe(4);
  });

  it('is shaken by a store that is slow, fails, or owes an answer, and not by a conflict', async () => {
    const { doubt, round, world } = doubting();
    doubt.stored(1_200);
    expect(await round()).toBe(1);
    doubt.stored(5, guardError('GUARD_STATE_CONFLICT', { key: 'k' }));
    expect(await round()).toBe(0);
    doubt.stored(5, guardError('GUARD_STATE_UNAVAILABLE', { why: 'gone' }));
    expect(await round()).toBe(1);
    world.store = () => new Promise(() => undefined);
    await round();
    expect([await round(), await round()]).toEqual([1, 2]);
    expect(doubt.status().reasons).toEqual([expect.stringContaining('the store took 10s')]);
  });

  it('suspects itself when many different agents leave it without an answer at once', async () => {
    const { doubt, round } = doubting();
    const ask = (answers: readonly ProbeAnswer[]): void => {
      for (const [at, answer] of answers.entries()) doubt.probed(`a.${at}`, answer, 2_000);
    };
    ask([none, none, up]);
    expect(await round()).toBe(0);
    // One agent asked three times is one agent.
    for (let at = 0; at < 3; at += 1) doubt.probed('a', none, 2_000);
    expect(await round()).toBe(0);
    // A refusal is an answer: the machine was reached.
    ask([refused, refused, refused]);
    expect(await round()).toBe(0);
    ask([none, none, none, up, up, up]);
    expect(await round()).toBe(1);
    expect(doubt.status().reasons).toEqual(['3 of 6 agents asked did not answer']);
  });

  it('comes down again when they stay dead, and suspects itself anew when others fall silent', async () => {
    const { doubt, round } = doubting();
    const silent = async (agents: readonly string[], rounds: number): Promise<number> => {
      for (let at = 0; at < rounds; at += 1) {
        for (const agent of agents) doubt.probed(agent, none, 2_000);
        doubt.probed('well', up, 2_000);
        await round();
      }
      return doubt.multiplier;
    };
    expect(await silent(['a', 'b', 'c'], 100)).toBe(multiplierMax);
    expect(await silent(['a', 'b', 'c'], 40)).toBe(0);
    expect(await silent(['a', 'b', 'c', 'd', 'e', 'f'], 1)).toBe(1);
    for (const agent of ['a', 'b', 'c', 'd', 'e', 'f']) doubt.probed(agent, up, 2_000);
    expect(await round()).toBe(0);
    expect(await silent(['a', 'b', 'c'], 2)).toBe(2);
  });

  it('does not come and go while they are silent, though they are heard of in some rounds only', async () => {
    const { doubt, round, told } = doubting();
    for (let at = 0; at < 60; at += 1) {
      if (at % 6 < 3) for (const agent of ['a', 'b', 'c']) doubt.probed(agent, none, 2_000);
      await round();
    }
    expect([doubt.multiplier, told.length]).toEqual([multiplierMax, 1]);
    doubt.probed('a', up, 2_000);
    expect([await round(), await round()]).toEqual([multiplierMax - 1, multiplierMax - 2]);
  });

  it('trusts its canaries over the number of silent agents', async () => {
    const { doubt, round } = doubting({ canaries });
    await round();
    for (let at = 0; at < 6; at += 1) doubt.probed(`a.${at}`, none, 2_000);
    expect(await round()).toBe(0);
  });

  it('believes a canary that fails at once, and its answers only the second time', async () => {
    const { doubt, round, world, told } = doubting({ canaries, tellFrom: 8 });
    await round();
    world.canary = none;
    await round();
    await round();
    const why = 'the guard does not reach http://canary.example/ (no answer within 2s)';
    expect([doubt.canaryFailed, doubt.multiplier]).toEqual([why, 1]);
    expect(doubt.status().canaries).toEqual([
      { url: 'http://canary.example/', reached: false, why: 'no answer within 2s' },
    ]);
    world.canary = { outcome: 'down', latencyMs: 3, statusCode: 503 };
    await round();
    expect(doubt.canaryFailed).toBe(why);
    await round();
    await round();
    expect(doubt.canaryFailed).toBeUndefined();
    expect(told).toEqual([
      ['canary', why],
      ['canary', undefined],
    ]);
  });

  it('says that it is degraded once doubt is heavy, and once when it is over', async () => {
    const { round, told, metrics } = doubting();
    for (let at = 0; at < 5; at += 1) await round(700);
    expect(told).toEqual([['self-doubt', expect.stringContaining('timeouts are 4 times as long: a tick came 700ms')]]);
    expect(metrics.value('praetorian_doubt_multiplier')).toBe(5);
    for (let at = 0; at < 6; at += 1) await round();
    expect(told.slice(1)).toEqual([['self-doubt', undefined]]);
    expect(metrics.value('praetorian_doubt_multiplier')).toBe(0);
  });

  it('stays between 0 and 8 whatever happens, and stretches by one more', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 60_000 }), { maxLength: 30 }), async (lags) => {
        const { doubt, clock } = doubting();
        for (const lagMs of lags) {
          clock.skipTo(clock.monotonic() + 5_000);
          doubt.ticked(lagMs, 0);
          expect(doubt.multiplier).toBeGreaterThanOrEqual(0);
          expect(doubt.multiplier).toBeLessThanOrEqual(multiplierMax);
          expect(doubt.stretch()).toBe(doubt.multiplier + 1);
        }
      }),
    );
  });
});
