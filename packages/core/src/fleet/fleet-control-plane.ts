import type { AgentChange, Call, Clock, ControlPlane, Route } from '../contracts/index.ts';
import { guardError, isGuardError } from '../contracts/index.ts';
import type { Agent, AgentId, BreakerState, ControlCommand, GroupId, Health, Receipt, Role } from '../model/index.ts';
import { ChangeFeed } from './change-feed.ts';
import type { Fleet, FleetChange } from './fleet.ts';

/** Share of work a half-open agent gets, to prove itself. */
const halfOpenWeight = 0.1;

/** Receipts remembered for commands that come twice. */
const receiptsMax = 4_096;

export interface FleetControlPlaneOptions {
  readonly fleet: Fleet;
  readonly clock: Clock;
  /** Whether the agent said it can take work; one that is not ready gets none. [always] */
  readonly isReady?: (agentId: AgentId) => boolean;
  /** Its part in a group with a primary, as it is now. [what its label or the config says] */
  readonly roleOf?: (agent: Agent) => Role | undefined;
  /** Told of what a command changed in the fleet, and has to announce it as any other change. [announces it] */
  readonly onChange?: (change: FleetChange) => void;
}

interface Status {
  health: Health;
  breaker: BreakerState;
}

/** The built-in control plane: keeps the fleet in process, routes around what has failed, and holds a breaker per agent. */
export class FleetControlPlane implements ControlPlane {
  readonly #fleet: Fleet;
  readonly #clock: Clock;
  readonly #isReady: (agentId: AgentId) => boolean;
  readonly #roleOf: (agent: Agent) => Role | undefined;
  readonly #onChange: (change: FleetChange) => void;
  readonly #statuses = new Map<AgentId, Status>();
  readonly #receipts = new Map<string, Receipt>();
  readonly #fences = new Map<GroupId, number>();
  readonly #feed = new ChangeFeed<AgentChange>();

  constructor({ fleet, clock, isReady, roleOf, onChange }: FleetControlPlaneOptions) {
    this.#fleet = fleet;
    this.#clock = clock;
    this.#isReady = isReady ?? (() => true);
    this.#roleOf = roleOf ?? (({ role }) => role);
    this.#onChange = onChange ?? ((change) => this.announce(change));
  }

  async *agents(call: Call): AsyncIterable<AgentChange> {
    // Subscribed before the list is read: a change in between is told twice rather than not at all.
    const changes = this.#feed.open(call.signal);
    try {
      for (const { agent } of this.#fleet.list(undefined, Infinity)) {
        if (call.signal.aborted) return;
        yield { type: 'registered', agent };
      }
      yield* changes;
    } finally {
      changes.dispose();
    }
  }

  /** Passes a change of the fleet on to those who read `agents()`, and forgets the status of who left. */
  announce(change: FleetChange): void {
    if (change.kind === 'unchanged') return;
    if (change.kind === 'removed') {
      this.#statuses.delete(change.agent.id);
      this.#feed.push({ type: 'deregistered', agentId: change.agent.id });
    } else this.#feed.push({ type: 'registered', agent: change.agent });
  }

  async apply(
    command: ControlCommand,
    grant: { readonly key: string; readonly fence: number },
    call: Call,
  ): Promise<Receipt> {
    call.signal.throwIfAborted();
    const done = this.#receipts.get(grant.key);
    if (done) return done;
    const receipt = this.#carryOut(command, grant);
    this.#receipts.set(grant.key, receipt);
    const [oldest] = this.#receipts.keys();
    if (this.#receipts.size > receiptsMax && oldest !== undefined) this.#receipts.delete(oldest);
    return receipt;
  }

  routes(group: GroupId): readonly Route[] {
    const routes: Route[] = [];
    for (const slot of this.#fleet.byGroup(group)) {
      const agent = this.#fleet.agent(slot)?.agent;
      const endpoint = agent?.instance?.endpoint;
      if (!agent || endpoint === undefined || !this.#isReady(agent.id)) continue;
      const { health, breaker } = this.#statusOf(agent.id);
      if (health === 'failed' || breaker === 'open') continue;
      const weight = breaker === 'half-open' ? halfOpenWeight : 1;
      const role = this.#roleOf(agent);
      routes.push({ agentId: agent.id, endpoint, weight, health, breaker, ...(role ? { role } : {}) });
    }
    return routes.sort((a, b) => (a.agentId < b.agentId ? -1 : 1));
  }

  /** The breaker of an agent; closed until a command says otherwise. */
  breaker(agentId: AgentId): BreakerState {
    return this.#statusOf(agentId).breaker;
  }

  #statusOf(agentId: AgentId): Status {
    return this.#statuses.get(agentId) ?? { health: 'unknown', breaker: 'closed' };
  }

  #carryOut(command: ControlCommand, { key, fence }: { readonly key: string; readonly fence: number }): Receipt {
    const at = this.#clock.now();
    try {
      this.#checkFence(command, fence);
      const change = this.#change(command);
      if (change && change.kind !== 'unchanged') this.#onChange(change);
      return { key, at, result: 'succeeded' };
    } catch (error) {
      if (!isGuardError(error)) throw error;
      return { key, at, result: 'failed', retryable: error.retryable, code: error.code, text: error.message };
    }
  }

  #change(command: ControlCommand): FleetChange | undefined {
    switch (command.kind) {
      case 'register':
        return this.#fleet.adopt(command.agentId, command.group, command.instance);
      case 'deregister':
        // Who is gone already is deregistered: the command says what is so.
        return this.#fleet.retire(command.agentId, command.instanceId);
      case 'status':
        this.#set(command.agentId, { health: command.health });
        return undefined;
      case 'route':
        this.#set(command.agentId, { breaker: command.breaker });
        return undefined;
    }
  }

  #set(agentId: AgentId, changed: Partial<Status>): void {
    this.#fleet.requireSlot(agentId);
    this.#statuses.set(agentId, { ...this.#statusOf(agentId), ...changed });
  }

  /** A group has one owner at a time, and its fences only go up: a lower one is of a guard that lost it. */
  #checkFence(command: ControlCommand, fence: number): void {
    const slot = this.#fleet.slotOf(command.agentId);
    const known = slot === undefined ? undefined : this.#fleet.agent(slot)?.agent.group;
    const group = known ?? (command.kind === 'register' ? command.group : undefined);
    if (group === undefined) return;
    const highest = this.#fences.get(group) ?? 0;
    if (fence < highest) throw guardError('GUARD_STATE_FENCED', { partition: `group ${group}`, fence, highest });
    this.#fences.set(group, fence);
  }
}
