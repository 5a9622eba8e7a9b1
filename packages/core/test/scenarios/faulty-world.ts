import type { Grant } from '../../src/contracts/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { createGuardRig, FakeOrchestrator, FakeWorkloadOrchestrator } from '../../src/testing/index.ts';
import { FaultyOrchestrator } from '../../src/testing/simulation/faulty-orchestrator.ts';
import { FaultyStore } from '../../src/testing/simulation/faulty-store.ts';
import { quick } from './rig.ts';

/** A world whose store and orchestrator can be made to fail. */
export interface FaultyWorld {
  readonly rig: GuardRig;
  /** The config of the next guard that is started. */
  readonly live: object;
  readonly store: FaultyStore;
  readonly orchestrator: FaultyOrchestrator;
  /** Keys of the executions that were asked for, in order. */
  readonly executed: readonly string[];
  /** `<agent> <kind>` of each of them. */
  readonly acts: readonly string[];
}

interface Options {
  readonly kind?: 'single' | 'workload';
  readonly config?: object;
  readonly agents?: readonly string[];
  /** Hears with which permission an action is executed. */
  readonly onGrant?: (grant: Grant) => void;
}

export async function faultyWorld(options: Options = {}): Promise<FaultyWorld> {
  const agents = options.agents ?? ['web.1', 'web.2', 'web.3', 'web.4', 'web.5'];
  const executed: string[] = [];
  const acts: string[] = [];
  /** Read at every start of a guard: what a test changes in it holds from the next start on. */
  const live: object = {};
  let store: FaultyStore | undefined;
  let orchestrator: FaultyOrchestrator | undefined;
  const nothing = (): undefined => undefined;
  const rig = await createGuardRig({
    agents,
    groupOf: (agentId) => agentId.split('.')[0] as string,
    config: Object.assign(live, quick, options.config),
    storeOf: (inner, clock) =>
      (store = new FaultyStore(inner, clock, { cut: () => false, committed: nothing, refused: nothing })),
    orchestrator: (clock) => {
      const inner =
        options.kind === 'workload'
          ? new FakeWorkloadOrchestrator({ clock, workloads: { web: agents.length }, takesMs: 300 })
          : new FakeOrchestrator({
              clock,
              agents: agents.map((id) => ({ id, group: 'web', endpoint: `http://127.0.0.1/${id}` })),
              takesMs: { restart: 300, recreate: 800, respawn: 1_500 },
            });
      return (orchestrator = new FaultyOrchestrator(inner, clock, {
        cut: () => false,
        called: ({ key, action, affects }, grant) => {
          options.onGrant?.(grant);
          executed.push(key);
          acts.push(`${affects.join('+')} ${action.kind}`);
        },
        began: nothing,
        ended: nothing,
        repeated: nothing,
        note: nothing,
        inSight: nothing,
      }));
    },
  });
  return { rig, live, store: store as FaultyStore, orchestrator: orchestrator as FaultyOrchestrator, executed, acts };
}
