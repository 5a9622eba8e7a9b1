import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AnyGuardEvent, GuardApi, StateStore } from '../src/contracts/index.ts';
import { isGuardError } from '../src/contracts/index.ts';
import { assembleGuard, createGuard } from '../src/di/create-guard.ts';
import type { Agent, Incident } from '../src/model/index.ts';
import { noopLogger, seededRandom } from '../src/runtime/index.ts';
import type { VirtualClock } from '../src/testing/index.ts';
import { createVirtualClock, FakeOrchestrator } from '../src/testing/index.ts';
import { SimulatedFleet } from '../src/testing/simulated-fleet.ts';
import { acme, plugin, Seen } from './acme-plugin.ts';
import { quick } from './scenarios/rig.ts';

const agents = ['web.1', 'web.2'];

const replaced = {
  ...quick,
  plugins: { world: { use: 'world' }, acme: { use: 'acme' } },
  store: { use: 'acme-store' },
  controlPlane: 'acme',
  groups: { web: { detectors: ['acme/drums'], assessor: 'acme', strategy: 'acme/drums' } },
  notifications: { routes: [{ to: 'acme' }] },
};

interface World {
  readonly clock: VirtualClock;
  readonly guard: GuardApi;
  readonly fleet: SimulatedFleet;
  readonly orchestrator: FakeOrchestrator;
  readonly seen: Seen;
  stop(): Promise<void>;
}

async function world(config: object): Promise<World> {
  const clock = createVirtualClock();
  const seen = new Seen();
  const orchestrator = new FakeOrchestrator({ clock, agents: agents.map((id) => ({ id, group: 'web' })) });
  const groupOf = (): string => 'web';
  const fleet = new SimulatedFleet({ clock, agents, source: orchestrator, groupOf, heartbeatMs: 2_000 });
  const guard = await assembleGuard(config, {
    clock,
    random: seededRandom('replace', clock),
    logger: noopLogger,
    prober: fleet,
    agentClient: fleet,
    plugins: { ...acme(seen), world: plugin('world', { orchestrators: { world: () => orchestrator } }) },
  });
  const started = guard.start();
  await clock.settle();
  await started;
  fleet.attach(guard);
  const stop = async (): Promise<void> => {
    fleet.attach(undefined);
    const stopped = guard.stop();
    await clock.advance(20_000);
    await stopped;
  };
  return { clock, guard, fleet, orchestrator, seen, stop };
}

async function newest(guard: GuardApi): Promise<Incident | undefined> {
  return (await guard.incidents.list()).items[0];
}

describe('a guard whose every part was replaced from its config, by name', () => {
  let one: World;
  let incident: Incident;

  beforeAll(async () => {
    one = await world(replaced);
    await one.clock.advance(10_000);
    // Suspicious to every built-in detector, and none of them watches this group.
    one.fleet.suffer('web.1', 'hang');
    await one.clock.advance(60_000);
    one.fleet.recover('web.1');
    one.guard.ingest({ kind: 'error', agentId: 'web.2', message: 'drums', count: 1 });
    for (let passed = 0; (await newest(one.guard))?.state !== 'resolved' && passed < 120; passed += 1)
      await one.clock.advance(1_000);
    incident = (await newest(one.guard)) as Incident;
  });
  afterAll(() => one.stop());

  it('heals', () => {
    expect(incident).toMatchObject({ agentId: 'web.2', state: 'resolved', outcome: 'healed' });
    expect(one.orchestrator.executed.map(({ action }) => action.kind)).toEqual(['restart']);
  });

  it('suspects by its detector, and by no other', async () => {
    expect(incident.signature).toBe('drums');
    expect((await one.guard.incidents.list()).items).toEqual([incident]);
  });

  it('judges by its assessor', () => {
    expect(incident.assessment).toMatchObject({ severity: 5, factors: [{ name: 'drums' }] });
  });

  it('plans by its strategy', () => {
    expect(incident.attempts).toMatchObject([{ plan: { rung: 'restart', recommendedAction: 'leave the mine' } }]);
  });

  it('tells its control plane of health and routes, and asks it for routes', () => {
    const told = one.seen.commands.filter((command) => command.agentId === 'web.2');
    expect(told).toContainEqual({ kind: 'status', agentId: 'web.2', health: 'failed' });
    expect(told).toContainEqual({ kind: 'route', agentId: 'web.2', breaker: 'open' });
    expect(told.filter(({ kind }) => kind === 'route').at(-1)).toMatchObject({ breaker: 'closed' });
    expect(one.guard.routes('web')).toMatchObject([{ agentId: 'acme.1', endpoint: 'http://acme/web' }]);
  });

  it('tells people by its notifier', () => {
    const told = one.seen.notices.filter((notice) => notice.incidentId === incident.id);
    expect(told.map(({ kind }) => kind)).toEqual(['opened', 'recovered']);
  });

  it('remembers in its store', async () => {
    expect(one.seen.stores).toHaveLength(1);
    const stored = await (one.seen.stores[0] as StateStore).list('', { limit: 1_000 });
    expect(stored.some(({ key }) => key.includes(incident.id))).toBe(true);
    expect(stored.some(({ key }) => key.includes('web.2'))).toBe(true);
  });
});

describe('a name in the config that nobody offers', () => {
  const mistakes: readonly (readonly [string, object, string])[] = [
    ['groups.web.assessor', { groups: { web: { assessor: 'thraet' } } }, 'threat'],
    ['groups.web.strategy', { groups: { web: { strategy: 'lader' } } }, 'ladder'],
    ['groups.web.detectors[1]', { groups: { web: { detectors: ['probe', 'hartbeat'] } } }, 'heartbeat'],
    ['groups.web.orchestrator', { groups: { web: { orchestrator: 'wolrd' } } }, 'world'],
    ['controlPlane', { controlPlane: 'fleat' }, 'fleet'],
    ['notifications.routes[0].to', { notifications: { routes: [{ to: 'acmee' }] } }, 'acme'],
  ];

  it.each(mistakes)('is told at %s, with what was meant', async (path, change, meant) => {
    const { clock, plugins } = offered();
    const config = { plugins: { world: { use: 'world' }, acme: { use: 'acme' } }, ...change };
    const error: unknown = await createGuard(config, { clock, plugins, logger: noopLogger }).catch((e: unknown) => e);
    expect(isGuardError(error) && error.code).toBe('GUARD_CONFIG_INVALID');
    expect(error).toMatchObject({ details: { places: [{ path, remedy: `did you mean "${meant}"?` }] } });
  });

  it('is told at once for all of them', async () => {
    const { clock, plugins } = offered();
    const config = { groups: { web: { assessor: 'x', strategy: 'y' } }, controlPlane: 'z' };
    const error: unknown = await createGuard(config, { clock, plugins, logger: noopLogger }).catch((e: unknown) => e);
    expect((error as { details: { places: unknown[] } }).details.places).toHaveLength(3);
  });

  function offered() {
    const clock = createVirtualClock();
    const orchestrator = new FakeOrchestrator({ clock, agents: [] });
    return {
      clock,
      plugins: { ...acme(new Seen()), world: plugin('world', { orchestrators: { a: () => orchestrator } }) },
    };
  }
});

describe('two guards in one process', () => {
  let first: World;
  let second: World;
  const heard: { readonly first: AnyGuardEvent[]; readonly second: AnyGuardEvent[] } = { first: [], second: [] };

  beforeAll(async () => {
    first = await world(replaced);
    second = await world({ ...quick, plugins: { world: { use: 'world' } } });
    first.guard.onAny((event) => void heard.first.push(event));
    second.guard.onAny((event) => void heard.second.push(event));
    await first.guard.agents.register({ id: 'solo.1', group: 'web' });
    await first.clock.advance(10_000);
    await second.clock.advance(10_000);
    heard.second.length = 0;
  });
  afterAll(async () => {
    await first.stop();
    await second.stop();
  });

  it('do not share agents', () => {
    const ids = (guard: GuardApi): string[] => guard.agents.list().items.map(({ agent }: { agent: Agent }) => agent.id);
    expect(ids(first.guard)).toEqual(['solo.1', 'web.1', 'web.2']);
    expect(ids(second.guard)).toEqual(['web.1', 'web.2']);
    expect(second.guard.heartbeat({ agentId: 'solo.1' })).toBe('unknown');
  });

  it('do not share plugins, though both call them the same', async () => {
    expect(first.guard.routes('web').map(({ agentId }) => agentId)).toEqual(['acme.1']);
    // The built-in control plane of the second knows no address of its agents.
    expect(second.guard.routes('web').map(({ agentId }) => agentId)).not.toContain('acme.1');
    const { clock } = second;
    const config = { groups: { web: { assessor: 'acme' } } };
    await expect(createGuard(config, { clock, logger: noopLogger })).rejects.toMatchObject({
      code: 'GUARD_CONFIG_INVALID',
    });
  });

  it('do not share events, incidents, messages or the store', async () => {
    heard.first.length = 0;
    heard.second.length = 0;
    first.guard.ingest({ kind: 'error', agentId: 'web.2', message: 'drums', count: 1 });
    await first.clock.advance(40_000);
    expect(heard.first.map(({ type }) => type)).toContain('incident.resolved');
    expect(heard.second).toEqual([]);
    expect(await newest(first.guard)).toMatchObject({ agentId: 'web.2' });
    expect(await newest(second.guard)).toBeUndefined();
    expect(second.orchestrator.executed).toEqual([]);
    expect(second.seen).toEqual(new Seen());
    expect(first.guard.status().guardId).not.toBe('');
  });
});
