import type { AgentId, GroupId, Incident } from '../../model/index.ts';
import type { SimulatedRoles } from '../simulated-roles.ts';
import type { SimulatedWorld } from './faulty-orchestrator.ts';
import type { Scenario, SimulatedGroup } from './scenario.ts';

export interface FailoverWitnessOptions {
  readonly scenario: Scenario;
  readonly roles: SimulatedRoles;
  readonly world: SimulatedWorld;
  stored(): readonly Incident[];
  /** The guard says that it is not clear who leads the group. */
  isUnclear(group: GroupId): boolean;
  violate(text: string): void;
}

/** I12: fence before promote (R13), held against what the agents take themselves for and what reaches them. */
export class FailoverWitness {
  readonly #o: FailoverWitnessOptions;
  /** Who was ordered to lead an epoch, by group and epoch. */
  readonly #led = new Map<string, AgentId>();

  constructor(options: FailoverWitnessOptions) {
    this.#o = options;
    options.roles.listen(
      (agentId, epoch) => this.#promoted(agentId, epoch),
      (agentId) => this.#works(agentId),
    );
  }

  /** Groups in which not exactly one takes itself for the primary. */
  complaints(): readonly string[] {
    const { scenario } = this.#o;
    return scenario.groups
      .filter(({ failover }) => failover)
      .flatMap(({ id, agents }) => {
        const primaries = agents.filter((agentId) => this.#primaryIn(agentId).length > 0);
        // Where the answer of a replica was lost, and it was started anew before it could say so, a person has to decide.
        const isUnclear = primaries.length === 0 && this.#o.isUnclear(id);
        if (primaries.length === 1 || isUnclear) return [];
        return [`${primaries.length} primaries in group ${id}: ${primaries.join(', ')}`];
      });
  }

  /** A primary takes writes from the answer to its first heartbeat on: no other may do so. */
  #works(agentId: AgentId): void {
    if (!this.#isInReach(agentId)) return;
    for (const other of this.#groupOf(agentId)?.agents ?? []) {
      if (other === agentId || !this.#isInReach(other)) continue;
      for (const instanceId of this.#primaryIn(other))
        if (this.#o.roles.works(other, instanceId)) this.#o.violate(`${agentId} and ${other} both take writes`);
    }
  }

  #groupOf(agentId: AgentId): SimulatedGroup | undefined {
    return this.#o.scenario.groups.find(({ agents }) => agents.includes(agentId));
  }

  #isInReach(agentId: AgentId): boolean {
    return !this.#o.world.world.place(agentId).isolated;
  }

  #promoted(agentId: AgentId, epoch: number): void {
    const group = this.#groupOf(agentId);
    const key = `${group?.id}/${epoch}`;
    const before = this.#led.get(key) ?? agentId;
    this.#led.set(key, before);
    if (before !== agentId) this.#o.violate(`${agentId} is to lead epoch ${epoch}, which ${before} was given`);
    if (!this.#isJournaled(agentId, epoch)) this.#o.violate(`${agentId} is promoted and it is not journaled`);
    for (const other of group?.agents ?? []) {
      if (other === agentId || !this.#isInReach(other)) continue;
      for (const instanceId of this.#primaryIn(other))
        this.#o.violate(`${agentId} is promoted while ${instanceId} of ${other} is a primary in reach`);
    }
  }

  /** Running instances of the agent that take themselves for the primary. */
  #primaryIn(agentId: AgentId): readonly string[] {
    const { instances } = this.#o.world.world.place(agentId);
    return instances
      .filter(({ id, state }) => state === 'running' && this.#o.roles.partOf(agentId, id)?.role === 'primary')
      .map(({ id }) => id);
  }

  #isJournaled(agentId: AgentId, epoch: number): boolean {
    return this.#o
      .stored()
      .some(
        (incident) =>
          incident.state === 'acting' &&
          incident.attempt.steps.some(
            (step) =>
              step.state === 'started' &&
              step.effect.type === 'promote' &&
              step.effect.agentId === agentId &&
              step.effect.epoch === epoch,
          ),
      );
  }
}
