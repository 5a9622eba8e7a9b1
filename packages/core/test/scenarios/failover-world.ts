import { onTestFinished } from 'vitest';
import type { AgentId, Capability } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { healthy, quick } from './rig.ts';

const agents = ['db.1', 'db.2', 'db.3'];

export interface Pair {
  readonly rig: GuardRig;
  readonly world: FakeOrchestrator;
}

/** One primary and two replicas, of which `db.3` is the nearer one. */
export async function pair(
  failover: object = { when: 'at-once' },
  more: { readonly supports?: readonly Capability[]; readonly config?: object } = {},
): Promise<Pair> {
  let orchestrator: FakeOrchestrator | undefined;
  const rig = await createGuardRig({
    orchestrator: (clock) =>
      (orchestrator = new FakeOrchestrator({
        clock,
        agents: agents.map((id) => ({ id, group: 'db', endpoint: `http://127.0.0.1/${id}` })),
        takesMs: { restart: 300, recreate: 800, respawn: 1_500 },
        ...(more.supports ? { supports: more.supports } : {}),
      })),
    agents,
    groupOf: () => 'db',
    config: { ...quick, groups: { db: { mode: 'auto', failover } }, ...more.config },
  });
  onTestFinished(() => rig.stop());
  rig.fleet.roles.declare('db.1', 'primary');
  rig.fleet.roles.declare('db.2', 'replica', 900);
  rig.fleet.roles.declare('db.3', 'replica', 200);
  const world = orchestrator as FakeOrchestrator;
  await healthy(rig);
  await rig.clock.advance(5_000);
  return { rig, world };
}

/** What an orchestrator can do that cannot cut an agent off. */
export const withoutIsolation: readonly Capability[] = (['restart', 'recreate', 'respawn'] as const).map((action) => ({
  action,
  destructive: true,
  scope: 'instance',
  idempotent: true,
}));

export const crash = (world: FakeOrchestrator, id: AgentId): void =>
  world.crash(id, { exitCode: 137, exitSignal: 'SIGKILL' });

export const part = (rig: GuardRig, id: AgentId) => rig.guard().agents.get(id).leadership;
export const leads = (rig: GuardRig, id: AgentId): boolean => part(rig, id)?.role === 'primary';

export const kinds = (world: FakeOrchestrator): readonly string[] =>
  world.executed.map(({ action }) => ('agentId' in action ? `${action.kind} ${action.agentId}` : action.kind));

export const story = async (rig: GuardRig): Promise<string> => {
  const [incident] = await rig.incidents();
  return (await rig.timeline(incident as never)).map(({ reason }) => `${reason.code}: ${reason.text}`).join('\n');
};
