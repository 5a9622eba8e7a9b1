import type { Heartbeat } from '../contracts/index.ts';
import type { AgentId, InstanceId, Ms, Role } from '../model/index.ts';

/** What an instance takes itself for. */
interface Part {
  readonly role: Role;
  readonly epoch: number;
}

/** Told of every promotion that an agent followed. */
export type OnPromoted = (agentId: AgentId, epoch: number) => void;

/**
 * The parts of simulated agents in groups with a primary. A new instance begins as its agent was set up, and knows of no
 * epoch: what became of the group meanwhile it has to be told.
 */
export class SimulatedRoles {
  readonly #declared = new Map<AgentId, Role>();
  readonly #lags = new Map<AgentId, Ms>();
  readonly #parts = new Map<InstanceId, Part>();
  /** Instances that were answered, and so know what the guard knows. */
  readonly #answered = new Set<InstanceId>();
  #onPromoted: OnPromoted = () => undefined;
  #onAnswered: (agentId: AgentId) => void = () => undefined;
  #lost = 0;

  /** From now on the agent says that it has a part; a replica says how far behind it is. */
  declare(agentId: AgentId, role: Role, lagMs: Ms = 0): void {
    this.#declared.set(agentId, role);
    this.#lags.set(agentId, lagMs);
  }

  listen(onPromoted: OnPromoted, onAnswered: (agentId: AgentId) => void = () => undefined): void {
    this.#onPromoted = onPromoted;
    this.#onAnswered = onAnswered;
  }

  /** The next orders to lead are followed, and the answers do not arrive. */
  loseAnswers(count: number): void {
    this.#lost = count;
  }

  /** @returns whether the answer to an order is lost. */
  isAnswerLost(): boolean {
    this.#lost = Math.max(-1, this.#lost - 1);
    return this.#lost >= 0;
  }

  /** The guard answered a heartbeat of the instance: one that takes itself for the primary begins to work. */
  answered(agentId: AgentId, instanceId: InstanceId): void {
    this.#answered.add(instanceId);
    if (this.works(agentId, instanceId)) this.#onAnswered(agentId);
  }

  /** It takes itself for the primary, and would take writes. */
  works(agentId: AgentId, instanceId: InstanceId): boolean {
    return this.#answered.has(instanceId) && this.partOf(agentId, instanceId)?.role === 'primary';
  }

  declared(agentId: AgentId): Role | undefined {
    return this.#declared.get(agentId);
  }

  /** What the instance takes itself for; `undefined` where its group has no roles. */
  partOf(agentId: AgentId, instanceId: InstanceId): Part | undefined {
    const declared = this.#declared.get(agentId);
    return declared && (this.#parts.get(instanceId) ?? { role: declared, epoch: 0 });
  }

  /** What it says of that in its heartbeats. */
  said(agentId: AgentId, instanceId: InstanceId): Pick<Heartbeat, 'role' | 'epoch' | 'lag'> {
    const part = this.partOf(agentId, instanceId);
    if (!part) return {};
    return { ...part, ...(part.role === 'replica' ? { lag: this.#lags.get(agentId) ?? 0 } : {}) };
  }

  /** It is to be the primary of an epoch. @returns why not. */
  promote(agentId: AgentId, instanceId: InstanceId, epoch: number): string | undefined {
    const part = this.partOf(agentId, instanceId);
    if (!part) return 'it knows no roles';
    if (epoch < part.epoch) return `epoch ${epoch} is older than ${part.epoch}`;
    const isNew = part.role !== 'primary' || part.epoch !== epoch;
    this.#parts.set(instanceId, { role: 'primary', epoch });
    this.#answered.add(instanceId);
    if (isNew) this.#onPromoted(agentId, epoch);
    return undefined;
  }

  /** The guard says who leads the group. */
  follow(
    agentId: AgentId,
    instanceId: InstanceId,
    leader: { readonly epoch: number; readonly primary?: AgentId },
  ): void {
    const part = this.partOf(agentId, instanceId);
    if (!part || leader.epoch < part.epoch) return;
    const role = leader.primary === agentId ? 'primary' : 'replica';
    this.#parts.set(instanceId, { role, epoch: leader.epoch });
  }
}
