import type { Call, Clock, Component, Grant, InventoryEvent, Orchestrator } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import type {
  Action,
  AgentId,
  Capability,
  Decision,
  GroupId,
  Instance,
  Intent,
  JsonObject,
  Ms,
  Receipt,
} from '../model/index.ts';
import { capabilityFor } from '../model/index.ts';
import { type Executed, FakeExecutions } from './fake-executions.ts';
import { type FakeAgent, FakeInventory, type Place } from './fake-inventory.ts';
import { admit, refuse } from './fake-orchestrator.ts';

export interface FakeWorkloadOptions {
  readonly clock: Clock;
  /** Workloads by name, with their replicas; agents are `<workload>.<slot>`. */
  readonly workloads: { readonly [group: GroupId]: number };
  /** How long a replacement takes, each. [0] */
  readonly takesMs?: Ms;
}

const supports: readonly Capability[] = [
  { action: 'restart', destructive: true, scope: 'workload', idempotent: true },
  { action: 'recreate', destructive: true, scope: 'instance', idempotent: true },
  { action: 'respawn', destructive: true, scope: 'workload', idempotent: true, respawn: ['in-place'] },
  { action: 'isolate', destructive: false, scope: 'instance', idempotent: true },
  { action: 'reinstate', destructive: false, scope: 'instance', idempotent: true },
  { action: 'scale', destructive: true, scope: 'workload', idempotent: true },
];

/**
 * Workloads whose instances come and go, like Deployments of Kubernetes and services of Swarm: restart and respawn
 * roll the whole workload, siblings included; a single instance can only be deleted, and its controller makes a new one.
 */
export class FakeWorkloadOrchestrator implements Orchestrator, Component {
  readonly supports = supports;
  /** Its world, for a test to change behind its back. */
  readonly world: FakeInventory;
  readonly #clock: Clock;
  readonly #executions: FakeExecutions;
  readonly #takesMs: Ms;

  constructor(options: FakeWorkloadOptions) {
    this.#clock = options.clock;
    let made = 0;
    // Names of ephemeral instances say nothing of order, as those of pods and tasks.
    const nameOf = (agentId: AgentId): string => `${agentId}-${(((made += 1) * 0x9e3779b1) >>> 0).toString(36)}`;
    this.world = new FakeInventory(() => options.clock.now(), nameOf);
    this.#executions = new FakeExecutions(options.clock);
    this.#takesMs = options.takesMs ?? 0;
    for (const [group, replicas] of Object.entries(options.workloads)) {
      for (let slot = 1; slot <= replicas; slot += 1) this.world.add(agentOf(group, slot));
    }
  }

  /** What really acted, in order. */
  get executed(): readonly Executed[] {
    return this.#executions.executed;
  }

  failNext(method: 'execute', error: Error): void {
    if (method === 'execute') this.#executions.failNext(error);
  }

  /** Whose clock deadlines are moments of. [its own] */
  goBy(guard: Pick<Clock, 'now'>): void {
    this.#executions.goBy(guard);
  }

  /** The next execution is done, and its answer lost: the receipt is `unknown`. */
  loseReply(): void {
    this.#executions.loseReply();
  }

  /** An instance ends, and its controller replaces it by another without being asked. */
  churn(agentId: AgentId): void {
    const place = this.world.place(agentId);
    this.world.lifecycle(agentId, place.currentId, { event: 'died' });
    this.world.replace(place, place.lastGeneration + 1);
  }

  /** An instance ends and is not replaced: its node has no room. */
  crash(agentId: AgentId): void {
    this.world.turn(agentId, 'exited', { event: 'died', exitCode: 1 });
  }

  current(agentId: AgentId): Instance {
    return this.world.current(agentId);
  }

  async start(): Promise<void> {
    // The world is there already; only a real one has to be connected to.
  }

  async stop(): Promise<void> {
    this.world.close();
  }

  inventory(call: Call): AsyncIterable<InventoryEvent> {
    return this.world.follow(call);
  }

  async prepare(action: Action, key: string): Promise<Decision<Intent>> {
    const capability = capabilityFor(this.supports, action.kind);
    if (!capability) return refuse(`A workload cannot ${action.kind}.`);
    if (action.kind === 'scale') return this.#prepareScale(action, key);
    const place = this.world.find(action.agentId);
    if (place?.currentId !== action.instanceId)
      return refuse(`${action.instanceId} is not the instance of ${action.agentId}.`);
    if (action.kind === 'respawn' && action.mode !== 'in-place')
      return refuse('A workload has no room beside its instances.');
    const touched = capability.scope === 'workload' ? this.world.members(place.group) : [place];
    return admit({ key, action, affects: touched.map((one) => one.agent.id), before: imageOf(touched) });
  }

  async execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    return this.#executions.run(intent, grant, call, {
      takesMs: this.#takesMs * Math.max(1, intent.affects.length),
      staleness: () => this.#staleness(intent),
      act: () => this.#act(intent),
    });
  }

  async reconcile(intent: Intent): Promise<Receipt> {
    const { key, action } = intent;
    const at = this.#clock.now();
    if (this.#executions.isRunning(key)) return { key, at, result: 'unknown', text: 'The roll-out is under way.' };
    if (!this.#holds(intent)) {
      return {
        key,
        at,
        result: 'failed',
        retryable: true,
        code: 'GUARD_ORCHESTRATOR_FAILED',
        text: 'It was not done.',
      };
    }
    const made = action.kind === 'restart' || action.kind === 'recreate' || action.kind === 'respawn';
    return {
      key,
      at,
      result: 'succeeded',
      reconciled: true,
      ...(made ? { instance: this.world.current(action.agentId) } : {}),
    };
  }

  #prepareScale(action: Extract<Action, { kind: 'scale' }>, key: string): Decision<Intent> {
    const members = this.world.members(action.group);
    if (members.length === 0) return refuse(`There is no workload ${action.group}.`);
    if (!Number.isInteger(action.replicas) || action.replicas < 1)
      return refuse(`${action.replicas} is not a number of replicas.`);
    return admit({
      key,
      action,
      affects: members.slice(action.replicas).map((one) => one.agent.id),
      before: imageOf(members),
    });
  }

  #staleness({ action }: Intent): string | undefined {
    if (action.kind === 'scale') return undefined;
    const currentId = this.world.find(action.agentId)?.currentId;
    return currentId === action.instanceId ? undefined : `The instance is ${currentId ?? 'gone'} now.`;
  }

  #act({ action, affects }: Intent): { instance?: Instance } {
    if (action.kind === 'scale') return this.#scale(action.group, action.replicas);
    const own = this.world.place(action.agentId);
    if (action.kind === 'isolate' || action.kind === 'reinstate') {
      own.isolated = action.kind === 'isolate';
      return {};
    }
    if (action.kind !== 'restart' && action.kind !== 'recreate' && action.kind !== 'respawn') {
      throw guardError('GUARD_ORCHESTRATOR_UNSUPPORTED', { orchestrator: 'fake-workload', verb: action.kind });
    }
    for (const agentId of affects) {
      const place = this.world.find(agentId);
      if (place) this.world.replace(place, place.lastGeneration + 1);
    }
    return { instance: this.world.current(action.agentId) };
  }

  #scale(group: GroupId, replicas: number): Record<string, never> {
    for (const place of this.world.members(group).slice(replicas)) this.world.remove(place.agent.id);
    for (let slot = 1; this.world.members(group).length < replicas; slot += 1) {
      if (!this.world.find(`${group}.${slot}`)) this.world.add(agentOf(group, slot));
    }
    return {};
  }

  #holds({ action, affects, before }: Intent): boolean {
    if (action.kind === 'scale') return this.world.members(action.group).length === action.replicas;
    if (action.kind === 'isolate' || action.kind === 'reinstate') {
      return this.world.find(action.agentId)?.isolated === (action.kind === 'isolate');
    }
    return affects.every((agentId) => {
      const current = this.world.find(agentId)?.instances.at(-1);
      return current !== undefined && current.state === 'running' && current.id !== before[agentId];
    });
  }
}

function agentOf(group: GroupId, slot: number): FakeAgent {
  return { id: `${group}.${slot}`, group };
}

/** Which instance each agent had. */
function imageOf(places: readonly Place[]): JsonObject {
  return Object.fromEntries(places.map((place) => [place.agent.id, place.currentId]));
}
