import type { Notifier } from '../../src/contracts/index.ts';
import type { Agent, Incident, Notice, Storm } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { quick } from '../scenarios/rig.ts';

export interface StormWorld {
  readonly rig: GuardRig;
  readonly world: FakeOrchestrator;
  /** `<agent> <kind>` of what was done, in order. */
  readonly acts: () => readonly string[];
  /** Every message that a notifier accepted, in order. */
  readonly notices: () => readonly Notice[];
  /** All current instances end by themselves. */
  readonly kill: (...agentIds: readonly string[]) => void;
  readonly storms: () => readonly Storm[];
  readonly incident: (agentId: string) => Promise<Incident | undefined>;
}

/** Breakers with times short enough to read a test. */
const breaker = { window: '30s', coolDown: '1m', coolDownCap: '4m' } as const;

/** What holds back here is the breaker, not the budget. */
const budgets = { group: { share: '100%', least: 100, per: '10m' } } as const;

/** `count` agents of a group, `web.1` and so on. */
export function fleetOf(count: number, group = 'web'): readonly string[] {
  return Array.from({ length: count }, (_, at) => `${group}.${at + 1}`);
}

export async function stormWorld(
  agents: readonly string[],
  config: object = {},
  more: (agentId: string) => Partial<Pick<Agent, 'dependsOn'>> = () => ({}),
  notifier?: Notifier,
): Promise<StormWorld> {
  let orchestrator: FakeOrchestrator | undefined;
  const groupOf = (agentId: string): string => agentId.split('.')[0] as string;
  const rig = await createGuardRig({
    orchestrator: (clock) =>
      (orchestrator = new FakeOrchestrator({
        clock,
        agents: agents.map((id) => ({
          id,
          group: groupOf(id),
          endpoint: `http://127.0.0.1/${id}`,
          ...more(id),
        })),
        takesMs: { restart: 300, recreate: 800, respawn: 1_500 },
      })),
    agents,
    groupOf,
    ...(notifier ? { notifier } : {}),
    // All of a group at once: what holds back here is the breaker and not the limit in flight.
    config: { ...quick, gate: { ...quick.gate, inFlight: '100%', breaker, budgets }, ...config },
  });
  const world = orchestrator as FakeOrchestrator;
  return {
    rig,
    world,
    acts: () =>
      world.executed.map(({ action }) => `${'agentId' in action ? action.agentId : action.group} ${action.kind}`),
    notices: () => rig.events.flatMap((event) => (event.type === 'notice.sent' ? [event.data.notice] : [])),
    kill: (...agentIds) => {
      for (const agentId of agentIds) world.crash(agentId, { exitCode: 137 });
    },
    storms: () => rig.guard().storms.list().items,
    incident: async (agentId) => (await rig.incidents()).find((one) => one.agentId === agentId),
  };
}
