import type { AgentId, Logger } from '@praetorian-guard/core/plugin';
import type { ContainerFacts } from '../engine/engine.ts';
import { own } from './naming.ts';

interface Stranger {
  readonly agentId: AgentId;
  readonly facts: ContainerFacts;
  readonly isTold: boolean;
}

/** Containers that would be an agent which another container is already; the oldest takes its place when it is gone. */
export class Strangers {
  readonly #log: Logger;
  readonly #all = new Map<string, Stranger>();

  constructor(log: Logger) {
    this.#log = log;
  }

  ids(): readonly string[] {
    return [...this.#all.keys()];
  }

  has(containerId: string): boolean {
    return this.#all.has(containerId);
  }

  add(agentId: AgentId, facts: ContainerFacts, rival: ContainerFacts): void {
    const before = this.#all.get(facts.Id);
    // Compose makes a new container before it removes the old one, and starts it only then.
    const isTold = before?.isTold === true || facts.State.Status !== 'created';
    this.#all.set(facts.Id, { agentId, facts, isTold });
    if (before?.isTold === true || !isTold) return;
    const containers = { container: facts.Name.slice(1), other: rival.Name.slice(1) };
    this.#log.warn({ agentId, ...containers }, 'two containers would be one agent; only the other is guarded');
  }

  remove(containerId: string): void {
    this.#all.delete(containerId);
  }

  /** Who comes next when the agent has no container any more. */
  next(agentId: AgentId): ContainerFacts | undefined {
    const waiting = [...this.#all.values()].filter((one) => one.agentId === agentId);
    return inTurn(waiting.map(({ facts }) => facts))[0];
  }
}

/** In the order in which containers claim their agents: those that the guard made in the place of others, then by age. */
export function inTurn(containers: readonly ContainerFacts[]): ContainerFacts[] {
  const rank = ({ Config }: ContainerFacts): number => (own.key in Config.Labels ? 0 : 1);
  return containers.toSorted((a, b) => rank(a) - rank(b) || Date.parse(a.Created) - Date.parse(b.Created));
}
