import type { Logger, StateStore, StoreOp, Version } from '../../contracts/index.ts';
import { isGuardError } from '../../contracts/index.ts';
import type { SharedAsk, SharedBudget, Spender } from '../../decision/shared-budget.ts';
import { askShared, freshSharedBudget, isSpentBy, rebaseShared, spendShared } from '../../decision/shared-budget.ts';
import type { EpochMs, GroupId, JsonObject } from '../../model/index.ts';
import { keys } from '../../state/keys.ts';
import { sharedBudgetFrom } from './stored-budgets.ts';
import type { StoreTime } from './store-time.ts';

interface Kept {
  readonly budget: SharedBudget;
  readonly version: Version | undefined;
}

/** Tries to write the budget of the fleet before a store that is written by many is given up for now. */
const triesMax = 20;

/**
 * The durable budgets of groups and of the fleet. That of a group lies in the partition of its shard and is written in
 * the commit that begins the attempt. That of the fleet crosses shards: it is written before that commit, on the
 * version that was read. Who loses that race reads again and asks again, so it is never overspent; a guard that dies
 * between the two commits has spent once too often, never once too rarely.
 */
export class SharedBudgets {
  readonly #store: StateStore;
  readonly #time: StoreTime;
  readonly #log: Logger;
  readonly #groups = new Map<GroupId, Kept>();
  #global: Kept | undefined;
  /** One write of the fleet's budget at a time: this guard does not race with itself. */
  #turn: Promise<unknown> = Promise.resolve();

  constructor(store: StateStore, time: StoreTime, log: Logger) {
    this.#store = store;
    this.#time = time;
    this.#log = log;
  }

  /** Reads what a decision about the group rests on. The fleet's is read anew where others write it, too. */
  async load(shard: number, group: GroupId): Promise<void> {
    await this.#time.refresh();
    if (!this.#groups.has(group)) this.#groups.set(group, await this.#read(keys.groupBudget(shard, group)));
    if (!this.#global || this.#store.supports.shared) this.#global = await this.#read(keys.globalBudget, this.#global);
  }

  group(group: GroupId): SharedBudget {
    return this.#now(this.#groups.get(group));
  }

  get global(): SharedBudget {
    return this.#now(this.#global);
  }

  /** The write that puts a changed budget of a group into a commit; it fails if another wrote it meanwhile. */
  opFor(shard: number, group: GroupId, budget: SharedBudget): StoreOp {
    return put(keys.groupBudget(shard, group), budget, this.#groups.get(group)?.version);
  }

  /** After the commit. */
  committed(group: GroupId, budget: SharedBudget, version: Version): void {
    this.#groups.set(group, { budget, version });
  }

  /** After a commit that failed: what is stored is read again. */
  forget(group: GroupId): void {
    this.#groups.delete(group);
  }

  /**
   * Takes its weight from the budget of the fleet. Resolves with `false` when it is used up, be it by others meanwhile.
   * `forced`: a person approved it; it is taken even then, and others wait the longer. Who asks again because the answer was
   * lost has its place already.
   */
  reserve(ask: Omit<SharedAsk, 'now' | 'weight'>, spentBy: Spender, forced: boolean): Promise<boolean> {
    return this.#change((budget, now) => {
      if (isSpentBy(budget, spentBy, now)) return budget;
      const at = { ...ask, weight: spentBy.weight, now };
      return forced || askShared(budget, at).allowed ? { ...spendShared(budget, at), spentBy } : undefined;
    });
  }

  /** People were told that the fleet's is used up. */
  async told(): Promise<void> {
    await this.#change((budget, now) => ({ ...budget, toldAt: now }));
  }

  #change(how: (budget: SharedBudget, now: EpochMs) => SharedBudget | undefined): Promise<boolean> {
    const change = this.#turn.then(() => this.#compareAndSet(how));
    this.#turn = change.catch(() => undefined);
    return change;
  }

  async #compareAndSet(how: (budget: SharedBudget, now: EpochMs) => SharedBudget | undefined): Promise<boolean> {
    for (let tries = 1; ; tries += 1) {
      this.#global ??= await this.#read(keys.globalBudget);
      const before = this.global;
      const next = how(before, this.#time.now());
      if (!next || next === before) return next !== undefined;
      try {
        const op = put(keys.globalBudget, next, this.#global.version);
        const versions = await this.#store.commit(keys.globalBudget, [op], { durability: 'sync' });
        this.#global = { budget: next, version: versions[keys.globalBudget] };
        return true;
      } catch (thrown) {
        // Whatever was or was not written is read again.
        this.#global = undefined;
        if (!isGuardError(thrown, 'GUARD_STATE_CONFLICT') || tries >= triesMax) throw thrown;
      }
    }
  }

  async #read(key: string, before?: Kept): Promise<Kept> {
    const stored = await this.#store.get(key);
    if (before && stored?.version === before.version) return before;
    return stored
      ? { budget: sharedBudgetFrom(stored, this.#time.now(), this.#log), version: stored.version }
      : { budget: freshSharedBudget, version: undefined };
  }

  #now(kept: Kept | undefined): SharedBudget {
    return rebaseShared(kept?.budget ?? freshSharedBudget, this.#time.now());
  }
}

function put(key: string, budget: SharedBudget, version: Version | undefined): StoreOp {
  const when = version === undefined ? 'absent' : { version };
  return { op: 'put', key, value: budget as unknown as JsonObject, when };
}
