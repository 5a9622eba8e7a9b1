import { onTestFinished } from 'vitest';
import type { Capability, Incident } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { createGuardRig, FakeOrchestrator, FakeWorkloadOrchestrator } from '../../src/testing/index.ts';

/** Intervals short enough to read a test, in the proportions of the defaults. */
export const quick = {
  heartbeat: { every: '2s', timeout: '6s', silentFor: '1m' },
  probes: {
    liveness: { every: '2s', timeout: '1500ms' },
    readiness: { every: '2s', timeout: '1500ms' },
    performance: { every: '4s', timeout: '1500ms' },
    health: { timeout: '1500ms' },
    startGrace: '2s',
  },
  slo: { for: '4s' },
  gate: { settle: '5s', progressWindow: '10s', backoff: { base: '1s', cap: '10s' } },
  watch: { every: '2s', for: '20s' },
} as const;

const agents = ['web.1', 'web.2', 'web.3', 'web.4', 'web.5'];
const groupOf = (agentId: string): string => agentId.split('.')[0] as string;

export interface World {
  readonly rig: GuardRig;
  /** The current instance ends by itself. */
  readonly kill: (agentId: string) => void;
  readonly executed: readonly { readonly action: { readonly kind: string } }[];
  readonly loseReply: () => void;
}

export async function fakeWorld(config: object = {}, supports?: readonly Capability[], seed = 1): Promise<World> {
  let orchestrator: FakeOrchestrator | undefined;
  const rig = await createGuardRig({
    orchestrator: (clock) =>
      (orchestrator = new FakeOrchestrator({
        clock,
        agents: agents.map((id) => ({ id, group: 'web', endpoint: `http://127.0.0.1/${id}` })),
        takesMs: { restart: 300, recreate: 800, respawn: 1_500 },
        ...(supports ? { supports } : {}),
      })),
    agents,
    groupOf,
    seed,
    config: { ...quick, ...config },
  });
  const world = orchestrator as FakeOrchestrator;
  return {
    rig,
    kill: (id) => world.crash(id, { exitCode: 137, exitSignal: 'SIGKILL' }),
    executed: world.executed,
    loseReply: () => world.loseReply(),
  };
}

export async function workloadWorld(config: object = {}): Promise<World> {
  let orchestrator: FakeWorkloadOrchestrator | undefined;
  const rig = await createGuardRig({
    orchestrator: (clock) =>
      (orchestrator = new FakeWorkloadOrchestrator({ clock, workloads: { web: 5 }, takesMs: 300 })),
    agents,
    groupOf,
    config: { ...quick, ...config },
  });
  const world = orchestrator as FakeWorkloadOrchestrator;
  return { rig, kill: (id) => world.crash(id), executed: world.executed, loseReply: () => world.loseReply() };
}

/** Until everything settled and the fleet is healthy. */
export async function healthy(rig: GuardRig): Promise<boolean> {
  return rig.until(
    () =>
      rig.guard().status().settled &&
      rig
        .guard()
        .agents.list()
        .items.every((status) => status.health === 'healthy'),
    60_000,
  );
}

/** A fake world that has settled and is healthy; it is stopped when the test is over. */
export async function steadyWorld(config: object = {}): Promise<World> {
  const world = await fakeWorld(config);
  onTestFinished(() => world.rig.stop());
  await healthy(world.rig);
  return world;
}

/** The one incident of the scenario, once it is resolved. */
export async function resolved(rig: GuardRig, forMs = 240_000): Promise<Incident> {
  await rig.until(async () => (await rig.incidents()).some((incident) => incident.state === 'resolved'), forMs);
  const [incident] = await rig.incidents();
  if (!incident)
    throw new Error(
      `no incident; ${JSON.stringify(
        rig
          .guard()
          .agents.list()
          .items.map((one) => [one.agent.id, one.health]),
      )}`,
    );
  return incident;
}
