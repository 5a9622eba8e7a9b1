import type { StateStore, StoreOp, Version } from '../contracts/index.ts';
import type { Budget } from '../decision/budget.ts';
import { freshBudget } from '../decision/budget.ts';
import type { AgentId, JsonObject } from '../model/index.ts';
import { keys } from '../state/keys.ts';

interface Kept {
  readonly budget: Budget;
  readonly version: Version | undefined;
}

/** The durable budgets, read once and kept; a change goes into the commit of the incident that causes it. */
export class Budgets {
  readonly #store: StateStore;
  readonly #kept = new Map<AgentId, Kept>();

  constructor(store: StateStore) {
    this.#store = store;
  }

  async load(shard: number, agentId: AgentId): Promise<Budget> {
    const kept = this.#kept.get(agentId);
    if (kept) return kept.budget;
    const stored = await this.#store.get(keys.budget(shard, agentId));
    const budget = stored ? (stored.value as unknown as Budget) : freshBudget;
    this.#kept.set(agentId, { budget, version: stored?.version });
    return budget;
  }

  /** What was loaded; fresh when nothing was. */
  get(agentId: AgentId): Budget {
    return this.#kept.get(agentId)?.budget ?? freshBudget;
  }

  /** The write that puts a changed budget into a commit; it fails if another wrote it meanwhile. */
  opFor(shard: number, agentId: AgentId, budget: Budget): StoreOp {
    const version = this.#kept.get(agentId)?.version;
    return {
      op: 'put',
      key: keys.budget(shard, agentId),
      value: budget as unknown as JsonObject,
      when: version === undefined ? 'absent' : { version },
    };
  }

  /** After the commit. */
  committed(agentId: AgentId, budget: Budget, version: Version): void {
    this.#kept.set(agentId, { budget, version });
  }

  /** After a commit that failed: what is stored is read again. */
  forget(agentId: AgentId): void {
    this.#kept.delete(agentId);
  }
}
