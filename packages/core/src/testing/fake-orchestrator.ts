import type {
  Call,
  Clock,
  Component,
  EvidenceItem,
  ExecResult,
  Grant,
  InventoryEvent,
  LogPage,
  Orchestrator,
} from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import type {
  Action,
  ActionKind,
  AgentId,
  Capability,
  Decision,
  Instance,
  Intent,
  JsonObject,
  Ms,
  Receipt,
} from '../model/index.ts';
import { capabilityFor } from '../model/index.ts';
import { type Executed, FakeExecutions } from './fake-executions.ts';
import { type FakeAgent, FakeInventory, type LifecycleFacts, type Place } from './fake-inventory.ts';

export interface FakeOrchestratorOptions {
  readonly clock: Clock;
  readonly agents: readonly FakeAgent[];
  /** [everything it knows] */
  readonly supports?: readonly Capability[];
  /** How long actions take. [0] */
  readonly takesMs?: { readonly [kind in ActionKind]?: Ms };
}

export type OrchestratorMethod = 'prepare' | 'execute' | 'reconcile' | 'inventory';

const own = { destructive: true, scope: 'instance', idempotent: true } as const;

const everything: readonly Capability[] = [
  { action: 'restart', ...own },
  { action: 'recreate', ...own },
  { action: 'respawn', ...own, respawn: ['beside', 'in-place'] },
  { action: 'retire', ...own },
  { action: 'isolate', ...own, destructive: false },
  { action: 'reinstate', ...own, destructive: false },
  { action: 'scale', ...own, scope: 'workload' },
];

/**
 * Agents in memory, each on its own, like containers of a plain daemon or local processes. It keeps every promise of
 * the contract unless it is told to fail. Its world goes on when it is stopped: a guard that crashes and comes back
 * finds what it left.
 */
export class FakeOrchestrator implements Orchestrator, Component {
  readonly supports: readonly Capability[];
  /** Its world, for a test to change behind its back. */
  readonly world: FakeInventory;
  readonly #clock: Clock;
  readonly #executions: FakeExecutions;
  readonly #takesMs: NonNullable<FakeOrchestratorOptions['takesMs']>;
  readonly #failures = new Map<OrchestratorMethod, Error[]>();
  readonly #lines = new Map<string, readonly string[]>();

  constructor(options: FakeOrchestratorOptions) {
    const { clock } = options;
    this.#clock = clock;
    this.supports = options.supports ?? everything;
    this.world = new FakeInventory(
      () => clock.now(),
      (agentId, generation) => `${agentId}~${generation}`,
    );
    this.#executions = new FakeExecutions(clock);
    this.#takesMs = options.takesMs ?? {};
    for (const agent of options.agents) this.world.add(agent);
  }

  /** What really acted, in order. */
  get executed(): readonly Executed[] {
    return this.#executions.executed;
  }

  /** The next call fails: `execute` with a failed receipt, `prepare` with a refusal, the others by throwing. */
  failNext(method: OrchestratorMethod, error: Error): void {
    if (method === 'execute') this.#executions.failNext(error);
    else this.#failures.set(method, [...(this.#failures.get(method) ?? []), error]);
  }

  /** Whose clock deadlines are moments of. [its own] */
  goBy(guard: Pick<Clock, 'now'>): void {
    this.#executions.goBy(guard);
  }

  /** The next execution is done, and its answer lost: the receipt is `unknown`. */
  loseReply(): void {
    this.#executions.loseReply();
  }

  /** The current instance ends by itself. */
  crash(agentId: AgentId, how: Omit<LifecycleFacts, 'event'> & { readonly event?: 'died' | 'oom-killed' } = {}): void {
    this.world.turn(agentId, 'exited', { event: 'died', ...how });
  }

  /** Somebody stops or pauses it by hand. */
  stopByHand(agentId: AgentId, event: 'stopped' | 'paused' = 'stopped'): void {
    this.world.turn(agentId, event, { event });
  }

  current(agentId: AgentId): Instance {
    return this.world.current(agentId);
  }

  isIsolated(agentId: AgentId): boolean {
    return this.world.place(agentId).isolated;
  }

  async start(): Promise<void> {
    // The world is there already; only a real one has to be connected to.
  }

  async stop(): Promise<void> {
    this.world.close();
  }

  async *inventory(call: Call): AsyncGenerator<InventoryEvent> {
    this.#throwIfTold('inventory');
    yield* this.world.follow(call);
  }

  async prepare(action: Action, key: string): Promise<Decision<Intent>> {
    const told = this.#failures.get('prepare')?.shift();
    if (told) return refuse(told.message);
    const capability = capabilityFor(this.supports, action.kind);
    if (!capability) return refuse(`This orchestrator cannot ${action.kind}.`);
    if (action.kind === 'scale') return this.#prepareScale(action, key);
    const place = this.world.find(action.agentId);
    const instance = place?.instances.find((one) => one.id === action.instanceId);
    if (!place || !instance) return refuse(`There is no instance ${action.instanceId} of ${action.agentId}.`);
    if (place.rollout !== undefined && action.kind !== 'retire') return rollingOut(place);
    if (action.kind === 'respawn' && capability.respawn?.includes(action.mode) !== true)
      return refuse(`Cannot respawn ${action.mode}.`);
    if (action.kind === 'retire' && place.instances.length < 2)
      return refuse(`${instance.id} is the only instance of ${place.agent.id}.`);
    return admit({ key, action, affects: [place.agent.id], before: imageOf(place, instance) });
  }

  async execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt> {
    return this.#executions.run(intent, grant, call, {
      takesMs: this.#takesMs[intent.action.kind] ?? 0,
      staleness: () => this.#staleness(intent),
      act: () => this.#act(intent),
    });
  }

  async reconcile(intent: Intent): Promise<Receipt> {
    this.#throwIfTold('reconcile');
    const { key } = intent;
    const at = this.#clock.now();
    if (this.#executions.isRunning(key)) return { key, at, result: 'unknown', text: 'The action is under way.' };
    const done = this.#holds(intent);
    if (done === undefined)
      return {
        key,
        at,
        result: 'failed',
        retryable: true,
        code: 'GUARD_ORCHESTRATOR_FAILED',
        text: 'It was not done.',
      };
    return { key, at, result: 'succeeded', reconciled: true, ...(done === true ? {} : { instance: done }) };
  }

  async evidence(instance: Instance, agentId: AgentId): Promise<readonly EvidenceItem[]> {
    return [{ label: 'log', text: `log of ${agentId}, instance ${instance.id}` }];
  }

  /** The current instance writes a line to its log. */
  say(agentId: AgentId, line: string): void {
    const { id } = this.world.current(agentId);
    this.#lines.set(id, [...(this.#lines.get(id) ?? []), line]);
  }

  async logs(instance: Instance, _agentId: AgentId, after: string | undefined): Promise<LogPage> {
    const all = this.#lines.get(instance.id) ?? [];
    const from = after === undefined ? all.length : Number(after);
    return { lines: all.slice(from), next: String(all.length) };
  }

  /** How commands end inside an instance. [with 0, and nothing printed] */
  onExec: (agentId: AgentId, argv: readonly string[]) => Partial<ExecResult> = () => ({});

  async exec(instance: Instance, argv: readonly string[], call: Call): Promise<ExecResult> {
    call.signal.throwIfAborted();
    const agentId = this.world.agentOf(instance.id);
    if (agentId === undefined) {
      const why = 'it does not run';
      const given = { orchestrator: 'fake', verb: 'run a command in', agentId: instance.id, why };
      throw guardError('GUARD_ORCHESTRATOR_FAILED', given);
    }
    return { exitCode: 0, stdout: '', stderr: '', ...this.onExec(agentId, argv) };
  }

  #prepareScale(action: Extract<Action, { kind: 'scale' }>, key: string): Decision<Intent> {
    const members = this.world.members(action.group).map((place) => place.agent.id);
    if (members.length === 0) return refuse(`There is no group ${action.group}.`);
    if (!Number.isInteger(action.replicas) || action.replicas < 1)
      return refuse(`${action.replicas} is not a number of replicas.`);
    return admit({ key, action, affects: members.slice(action.replicas), before: { members } });
  }

  #staleness({ action, before }: Intent): string | undefined {
    if (action.kind === 'scale') return undefined;
    const place = this.world.find(action.agentId);
    if (!place?.instances.some((one) => one.id === action.instanceId)) return `Instance ${action.instanceId} is gone.`;
    if (action.kind === 'retire' || place.currentId === before['currentId']) return undefined;
    return `The current instance is ${place.currentId} now.`;
  }

  #act({ action }: Intent): { instance?: Instance } {
    if (action.kind === 'scale') return this.#scale(action.group, action.replicas);
    const place = this.world.place(action.agentId);
    switch (action.kind) {
      case 'restart':
      case 'recreate':
        return { instance: this.world.replace(place, place.lastGeneration + 1) };
      case 'respawn': {
        const generation = Math.max(action.generation, place.lastGeneration + 1);
        return {
          instance:
            action.mode === 'beside' ? this.world.born(place, generation) : this.world.replace(place, generation),
        };
      }
      case 'retire':
        this.world.retire(place, action.instanceId);
        return {};
      case 'isolate':
      case 'reinstate':
        place.isolated = action.kind === 'isolate';
        return {};
      default:
        throw guardError('GUARD_ORCHESTRATOR_UNSUPPORTED', { orchestrator: 'fake', verb: action.kind });
    }
  }

  #scale(group: string, replicas: number): Record<string, never> {
    const members = this.world.members(group);
    for (const place of members.slice(replicas)) this.world.remove(place.agent.id);
    const pattern = members[0]?.agent;
    if (!pattern) return {};
    for (let index = 1; this.world.members(group).length < replicas; index += 1) {
      const id = `${group}.${index}`;
      if (!this.world.find(id)) this.world.add({ ...pattern, id, group });
    }
    return {};
  }

  /** Whether the effect is there now; the instance when it made one. */
  #holds({ action, before }: Intent): true | Instance | undefined {
    if (action.kind === 'scale') return this.world.members(action.group).length === action.replicas || undefined;
    const place = this.world.find(action.agentId);
    if (!place) return undefined;
    if (action.kind === 'retire') return !place.instances.some((one) => one.id === action.instanceId) || undefined;
    if (action.kind === 'isolate') return place.isolated || undefined;
    if (action.kind === 'reinstate') return !place.isolated || undefined;
    const made = place.instances.find((one) => one.generation > Number(before['lastGeneration']));
    return made?.state === 'running' ? made : undefined;
  }

  #throwIfTold(method: OrchestratorMethod): void {
    const told = this.#failures.get(method)?.shift();
    if (told) throw told;
  }
}

function imageOf(place: Place, instance: Instance): JsonObject {
  const { currentId, lastGeneration, isolated } = place;
  return { currentId, lastGeneration, isolated, state: instance.state ?? 'unknown' };
}

export function admit(intent: Intent): Decision<Intent> {
  return { act: true, value: intent, reason: { code: 'proceed', text: 'The orchestrator admits the action.' } };
}

function rollingOut({ group, rollout }: Place): Decision<never> {
  return { act: false, reason: { code: 'rollout-in-progress', text: `The rollout of ${group} is ${rollout}.` } };
}

export function refuse(text: string): Decision<never> {
  return { act: false, reason: { code: 'orchestrator-refused', text } };
}
