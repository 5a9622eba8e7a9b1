/**
 * R09. The incident that taught it: a healer that counted in memory, and was itself restarted by what it broke, restarted
 * a container for ever; another healed hundreds of replicas at once because each had its own budget.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { GuardRig } from '../../src/testing/index.ts';
import { keys } from '../../src/state/index.ts';
import { faultyWorld, type FaultyWorld } from '../scenarios/faulty-world.ts';
import { healthy, quick } from '../scenarios/rig.ts';

let rig: GuardRig | undefined;
afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

const plenty = [{ max: 100, per: '10m' }];
/** Room for one whole ladder in a group, in a world in which nothing but the budget holds the guard back. */
function gate(more: object): object {
  return { ...quick.gate, inFlight: '100%', ...more };
}

async function world(config: object): Promise<FaultyWorld> {
  const made = await faultyWorld({ config });
  rig = made.rig;
  await healthy(made.rig);
  return made;
}

/** Dies again as soon as it was healed, until the guard has stopped for long. */
async function flap({ rig, orchestrator }: FaultyWorld, agentId: string, forMs: number): Promise<void> {
  const until = rig.clock.now() + forMs;
  while (rig.clock.now() < until) {
    if (orchestrator.world.current(agentId).state === 'running') orchestrator.crash(agentId);
    await rig.clock.advance(2_000);
  }
}

const weight = (acts: readonly string[]): number =>
  acts.reduce((sum, act) => {
    const kind = act.split(' ')[1] as string;
    return sum + ({ restart: 1, recreate: 2, respawn: 4 }[kind] ?? 0);
  }, 0);
const codeOf = async (of: GuardRig): Promise<string | undefined> => (await of.incidents())[0]?.because.code;
const told = (of: GuardRig, kind: string): number =>
  of.events.filter((event) => event.type === 'notice.sent' && event.data.notice.kind === kind).length;

describe('R09: attempt budgets are durable', () => {
  it('of an agent end in a declared safe state and a page, and a restart of the guard refills nothing', async () => {
    const made = await world({ gate: gate({ attempts: [{ max: 2, per: '1h' }] }) });
    await flap(made, 'web.2', 120_000);
    const healing = (): number => made.acts.filter((act) => act !== 'web.2 isolate').length;
    expect(healing()).toBe(2);
    made.rig.crash();
    await made.rig.boot();
    await flap(made, 'web.2', 120_000);
    expect(healing()).toBe(2);
    const [incident] = await made.rig.incidents();
    expect(incident).toMatchObject({ state: 'escalated', told: true });
    expect(made.rig.guard().agents.get('web.2').breaker).toBe('open');
  });

  it('of a group count weight over all its agents; it waits, tells people once, and goes on when there is room', async () => {
    const made = await world({
      gate: gate({ attempts: plenty, budgets: { group: { share: '1%', least: 4, per: '20m' } } }),
      severity: { escalateFailures: 1_000 },
    });
    const { acts } = made;
    await Promise.all(['web.1', 'web.2'].map(async (id) => made.orchestrator.crash(id)));
    await made.rig.clock.advance(30_000);
    await flap(made, 'web.2', 90_000);
    expect(weight(acts)).toBeLessThanOrEqual(4);
    expect(await codeOf(made.rig)).toBe('group-budget-exhausted');
    expect(told(made.rig, 'blocked')).toBe(1);

    const before = acts.length;
    made.rig.crash();
    await made.rig.boot();
    await made.rig.clock.advance(60_000);
    expect(acts).toHaveLength(before);
    // 4 in 20 minutes: every 5 minutes one more.
    await made.rig.clock.advance(1_200_000);
    expect(acts.length).toBeGreaterThan(before);
    expect(told(made.rig, 'blocked')).toBe(1);
  });

  it('of the fleet hold over all groups, whatever each of them has left', async () => {
    const made = await world({
      gate: gate({ attempts: plenty, budgets: { global: { share: '1%', least: 4, per: '2h' } } }),
      severity: { escalateFailures: 1_000 },
    });
    await flap(made, 'web.2', 180_000);
    expect(weight(made.acts)).toBeLessThanOrEqual(4);
    expect(await codeOf(made.rig)).toBe('global-budget-exhausted');
    expect(told(made.rig, 'blocked')).toBe(1);
    made.rig.crash();
    await made.rig.boot();
    await flap(made, 'web.2', 60_000);
    expect(weight(made.acts)).toBeLessThanOrEqual(4);
  });

  it('are reserved before acting, in the commit that begins the attempt', async () => {
    const made = await world({});
    made.orchestrator.crash('web.2');
    await made.rig.until(() => made.acts.length > 0, 30_000, 10);
    const at = async (key: string): Promise<unknown> => (await made.rig.store.get(key))?.value;
    const shards = Array.from({ length: 64 }, (_, shard) => shard);
    const own = await Promise.all(shards.map((shard) => at(keys.budget(shard, 'web.2'))));
    const group = await Promise.all(shards.map((shard) => at(keys.groupBudget(shard, 'web'))));
    expect(own.filter(Boolean)).toMatchObject([{ streak: 1 }]);
    expect(group.filter(Boolean)).toHaveLength(1);
    expect(await at(keys.globalBudget)).toMatchObject({ spentAt: expect.any(Number) });
  });
});
