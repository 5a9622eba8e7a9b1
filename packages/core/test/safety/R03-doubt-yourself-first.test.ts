/**
 * R03. The incident that taught it: members of a cluster that were themselves starved of processor time read their
 * messages late and declared healthy others dead, again and again; Lifeguard (arXiv 1707.00788) let each member suspect
 * itself first.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { GuardRig } from '../../src/testing/index.ts';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { quick } from '../scenarios/rig.ts';

const agents = ['web.1', 'web.2', 'web.3', 'web.4', 'web.5'];
const store = { slowMs: 0 };
let rig: GuardRig | undefined;

async function world(config: object = {}) {
  let orchestrator: FakeOrchestrator | undefined;
  const made = await createGuardRig({
    orchestrator: (clock) =>
      (orchestrator = new FakeOrchestrator({
        clock,
        agents: agents.map((id) => ({ id, group: 'web', endpoint: `http://127.0.0.1/${id}` })),
        takesMs: { restart: 300, recreate: 800, respawn: 1_500 },
      })),
    agents,
    groupOf: () => 'web',
    config: { ...quick, ...config },
    storeOf: (inner, clock) => ({
      ...bound(inner),
      commit: async (...given) => {
        if (store.slowMs > 0) await clock.sleep(store.slowMs);
        return inner.commit(...given);
      },
      get: async (key) => {
        if (store.slowMs > 0) await clock.sleep(store.slowMs);
        return inner.get(key);
      },
    }),
  });
  rig = made;
  await made.clock.advance(60_000);
  const destroyed = (): readonly string[] =>
    (orchestrator as FakeOrchestrator).executed.map(({ action }) => action.kind);
  return { rig: made, destroyed, doubt: () => made.guard().status().doubt?.multiplier };
}

type Store = Parameters<NonNullable<Parameters<typeof createGuardRig>[0]['storeOf']>>[0];

/** Its methods as plain functions, so that some of them can be replaced. */
function bound(inner: Store): Store {
  return {
    supports: inner.supports,
    now: () => inner.now(),
    get: (key) => inner.get(key),
    getBytes: (key) => inner.getBytes(key),
    list: (...given) => inner.list(...given),
    commit: (...given) => inner.commit(...given),
    read: (...given) => inner.read(...given),
    tail: (...given) => inner.tail(...given),
  };
}

afterEach(async () => {
  store.slowMs = 0;
  await rig?.stop();
  rig = undefined;
});

describe('R03: the guard doubts itself first', () => {
  it('is starved for minutes, and suspects nobody but itself', async () => {
    const { rig, destroyed, doubt } = await world();
    expect(doubt()).toBe(0);
    for (let starved = 0; starved < 60; starved += 1) {
      rig.clock.skipTo(rig.clock.monotonic() + 4_000);
      await rig.clock.advance(300);
    }
    expect(doubt()).toBe(8);
    expect(rig.guard().status().degraded).toMatchObject([{ what: 'self-doubt' }]);
    expect((await rig.guard().explain('web.1')).decisions).toMatchObject([{ reason: { code: 'self-doubt' } }]);
    expect([destroyed(), await rig.incidents()]).toEqual([[], []]);
    expect(rig.events.filter(({ type }) => type === 'finding.raised')).toEqual([]);
  });

  it('stands still for ten minutes, and holds the silence of that time against nobody', async () => {
    const { rig, destroyed, doubt } = await world();
    rig.clock.skipTo(rig.clock.monotonic() + 600_000);
    await rig.clock.advance(5_000);
    expect(doubt()).toBeGreaterThan(0);
    await rig.clock.advance(120_000);
    expect([destroyed(), await rig.incidents(), doubt()]).toEqual([[], [], 0]);
  });

  it('trusts itself again when it is over, and then heals an agent that hangs', async () => {
    const { rig, destroyed, doubt } = await world();
    for (let starved = 0; starved < 20; starved += 1) {
      rig.clock.skipTo(rig.clock.monotonic() + 4_000);
      await rig.clock.advance(300);
    }
    rig.fleet.suffer('web.2', 'hang');
    expect(await rig.until(() => doubt() === 0, 60_000)).toBe(true);
    expect(rig.events.filter(({ type }) => type === 'guard.recovered')).toMatchObject([
      { data: { what: 'self-doubt' } },
    ]);
    expect(await rig.until(async () => (await rig.incidents())[0]?.state === 'resolved', 120_000)).toBe(true);
    expect(destroyed()).toEqual(['restart']);
  });

  it('gives a silent agent several times as long while its store is slow', async () => {
    const silentFor = async (slowMs: number): Promise<number> => {
      const { rig } = await world();
      store.slowMs = slowMs;
      await rig.clock.advance(30_000);
      rig.fleet.suffer('web.3', 'silent');
      const since = rig.clock.monotonic();
      const found = (): boolean =>
        rig.events.some(
          ({ type, data }) => type === 'finding.raised' && 'finding' in data && data.finding.agentId === 'web.3',
        );
      expect(await rig.until(found, 300_000)).toBe(true);
      const tookMs = rig.clock.monotonic() - since;
      store.slowMs = 0;
      await rig.stop();
      return tookMs;
    };
    const usual = await silentFor(0);
    expect(await silentFor(1_500)).toBeGreaterThan(3 * usual);
    rig = undefined;
  });

  it('loses probes of every agent again and again, and restarts none', async () => {
    const { rig, destroyed } = await world();
    for (let round = 0; round < 20; round += 1) {
      for (const id of agents) rig.fleet.suffer(id, round % 3 === 0 ? 'hang' : 'not-ready');
      await rig.clock.advance(1_000);
      for (const id of agents) rig.fleet.recover(id);
      await rig.clock.advance(2_000);
    }
    expect(destroyed()).toEqual([]);
  });

  it('says that a canary does not answer, and that it answers again', async () => {
    const { rig, doubt } = await world({ selfDoubt: { canaries: [{ url: 'http://canary.example/' }] } });
    expect(rig.guard().status().doubt).toEqual({
      multiplier: 0,
      reasons: [],
      canaries: [{ url: 'http://canary.example/', reached: true }],
    });
    rig.fleet.canaryAnswers = false;
    await rig.clock.advance(15_000);
    expect(rig.guard().status()).toMatchObject({
      doubt: { canaries: [{ reached: false, why: 'no answer' }] },
      degraded: [{ what: 'canary', why: expect.stringContaining('http://canary.example/') }],
    });
    expect(doubt()).toBeGreaterThan(0);
    rig.fleet.canaryAnswers = true;
    await rig.clock.advance(60_000);
    expect([doubt(), rig.guard().status().degraded]).toEqual([0, []]);
  });

  it('is restarted again and again while all is well, and does nothing', async () => {
    const { rig, destroyed } = await world();
    for (let boot = 0; boot < 10; boot += 1) {
      rig.crash();
      await rig.clock.advance(3_000 + 2_000 * boot);
      await rig.boot();
      await rig.clock.advance(12_000);
    }
    expect([destroyed(), await rig.incidents()]).toEqual([[], []]);
  });

  it('heals an agent that hung before the guard was restarted as fast as any other', async () => {
    const { rig, destroyed } = await world();
    rig.crash();
    rig.fleet.suffer('web.4', 'hang');
    await rig.clock.advance(1_000);
    await rig.boot();
    const bootedAt = rig.clock.monotonic();
    expect(await rig.until(() => destroyed().length > 0, 60_000)).toBe(true);
    // Settle 5 s, and the timeout of 6 s together with the questions.
    expect(rig.clock.monotonic() - bootedAt).toBeLessThanOrEqual(12_000);
  });
});
