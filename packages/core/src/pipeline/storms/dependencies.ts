import type { Clock, Logger } from '../../contracts/index.ts';
import type { DependencyFacts } from '../../decision/together-facts.ts';
import type { Agent, AgentId, Incident, Ms } from '../../model/index.ts';
import { stillByHand } from '../../model/index.ts';
import type { View } from '../members/view.ts';
import { isProven, proofMs } from './proof.ts';

export interface DependenciesOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly view: View;
  openFor(agentId: AgentId): Incident | undefined;
}

/**
 * Who depends on whom (R17). An agent whose dependency is not well is neither healed nor told of. Dependencies that go
 * round in a circle say nothing of what comes first and are passed over.
 */
export class Dependencies {
  readonly #o: DependenciesOptions;
  readonly #upstream = new Map<AgentId, readonly AgentId[]>();
  readonly #downstream = new Map<AgentId, Set<AgentId>>();
  /** Agents that others depend on and that are not well. */
  readonly #out = new Set<AgentId>();
  /** Well again, until when (monotonic) their dependants get the time to follow. */
  readonly #graces = new Map<AgentId, Ms>();
  readonly #circles = new Set<string>();

  constructor(options: DependenciesOptions) {
    this.#o = options;
  }

  /** An agent joined, or says something else of itself now. */
  track({ id, dependsOn }: Agent): void {
    this.forget(id);
    if (dependsOn.length === 0) return;
    this.#upstream.set(id, dependsOn);
    for (const other of dependsOn) {
      const dependants = this.#downstream.get(other) ?? new Set();
      this.#downstream.set(other, dependants.add(id));
    }
  }

  /** The agent left. */
  forget(agentId: AgentId): void {
    for (const other of this.#upstream.get(agentId) ?? []) {
      const dependants = this.#downstream.get(other);
      dependants?.delete(agentId);
      if (dependants?.size === 0) this.#downstream.delete(other);
    }
    this.#upstream.delete(agentId);
  }

  /** Something changed about an agent: if it is well again its dependants get the time to follow. */
  mark(agentId: AgentId): void {
    if (!this.#downstream.has(agentId)) {
      this.#out.delete(agentId);
      return;
    }
    if (this.#isBad(agentId)) {
      this.#out.add(agentId);
      this.#graces.delete(agentId);
    } else if (this.#out.delete(agentId)) {
      const policy = this.#o.view.see(agentId)?.policy;
      if (policy) this.#graces.set(agentId, this.#o.clock.monotonic() + proofMs(policy));
    }
  }

  /** Everybody, directly or not, who waited for agents whose time to be followed has run out now. */
  due(nowMs: Ms): readonly AgentId[] {
    if (this.#graces.size === 0) return [];
    const over = [...this.#graces].filter(([, until]) => until <= nowMs).map(([agentId]) => agentId);
    for (const agentId of over) this.#graces.delete(agentId);
    return over.length === 0 ? [] : [...reachable(over, (agentId) => [...(this.#downstream.get(agentId) ?? [])])];
  }

  /** The agent that has to be well before this one is healed or told of; the nearest of them. */
  blocker(agentId: AgentId): DependencyFacts | undefined {
    const first = this.#upstream.get(agentId);
    if (!first) return undefined;
    const seen = new Set<AgentId>([agentId]);
    const paths: (readonly AgentId[])[] = first.map((other) => [agentId, other]);
    for (let path = paths.shift(); path; path = paths.shift()) {
      const other = path.at(-1) as AgentId;
      if (seen.has(other)) continue;
      seen.add(other);
      if (this.#isOut(other) && !this.#isCircle(agentId, other)) {
        const incidentId = this.#o.openFor(other)?.id;
        return { agentId: other, path, ...(incidentId === undefined ? {} : { incidentId }) };
      }
      for (const further of this.#upstream.get(other) ?? []) paths.push([...path, further]);
    }
    return undefined;
  }

  /** How many agents depend on it, not counting those who do by way of others. */
  dependants(agentId: AgentId): number {
    return this.#downstream.get(agentId)?.size ?? 0;
  }

  /** Dependencies of an agent that the guard does not know. */
  unknownTo(agentId: AgentId): readonly AgentId[] {
    return (this.#upstream.get(agentId) ?? []).filter((other) => !this.#o.view.knows(other));
  }

  #isOut(agentId: AgentId): boolean {
    return this.#graces.has(agentId) || this.#isBad(agentId);
  }

  #isBad(agentId: AgentId): boolean {
    const sight = this.#o.view.see(agentId);
    if (!sight) return false;
    if (sight.health === 'failed' || stillByHand(sight.agent.instance)) return true;
    const incident = this.#o.openFor(agentId);
    return incident !== undefined && !isProven(incident, this.#o.clock.now());
  }

  /** Whether the other depends on the agent as well. */
  #isCircle(agentId: AgentId, other: AgentId): boolean {
    if (!reachable([other], (id) => this.#upstream.get(id) ?? []).has(agentId)) return false;
    const name = [agentId, other].sort().join(' ');
    if (!this.#circles.has(name)) {
      this.#circles.add(name);
      this.#o.log.warn({ agents: [agentId, other] }, 'agents depend on each other; neither comes first');
    }
    return true;
  }
}

/** What can be reached from some, without them unless by way of others. */
function reachable(from: readonly AgentId[], next: (agentId: AgentId) => readonly AgentId[]): ReadonlySet<AgentId> {
  const reached = new Set<AgentId>();
  const open = from.flatMap(next);
  for (let agentId = open.pop(); agentId !== undefined; agentId = open.pop()) {
    if (reached.has(agentId)) continue;
    reached.add(agentId);
    open.push(...next(agentId));
  }
  return reached;
}
