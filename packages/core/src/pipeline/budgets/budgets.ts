import type { Logger, StateStore, StoreOp, Version } from '../../contracts/index.ts';
import type { Budget } from '../../decision/budget.ts';
import { freshBudget, rebaseBudget } from '../../decision/budget.ts';
import type { AgentId, JsonObject } from '../../model/index.ts';
import { keys } from '../../state/keys.ts';
import { budgetFrom } from './stored-budgets.ts';
import type { StoreTime } from './store-time.ts';

interface Kept {
  readonly budget: Budget;
  readonly version: Version | undefined;
}

/** The durable budgets of agents, read once and kept; a change goes into the commit of the incident that causes it. */
export class Budgets {
  readonly #store: StateStore;
  readonly #time: StoreTime;
  readonly #log: Logger;
  readonly #kept = new Map<AgentId, Kept>();

  constructor(store: StateStore, time: StoreTime, log: Logger) {
    this.#store = store;
    this.#time = time;
    this.#log = log;
  }

  async load(shard: number, agentId: AgentId): Promise<Budget> {
    if (!this.#kept.has(agentId)) {
      const stored = await this.#store.get(keys.budget(shard, agentId));
      const budget = stored ? budgetFrom(stored, this.#time.now(), this.#log) : freshBudget;
      this.#kept.set(agentId, { budget, version: stored?.version });
    }
    return this.get(agentId);
  }

  /** What was loaded, in the time of the store; fresh when nothing was. */
  get(agentId: AgentId): Budget {
    const kept = this.#kept.get(agentId);
    if (!kept) return freshBudget;
    const budget = rebaseBudget(kept.budget, this.#time.now());
    if (budget !== kept.budget) this.#kept.set(agentId, { ...kept, budget });
    return budget;
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
