import type { Logger, StateStore, StoreOp, Version, Versioned } from '../../contracts/index.ts';
import type { Attempt, EpochMs, GroupId, Incident, JsonObject, Leadership, Promotion } from '../../model/index.ts';
import { allAttempts, failoverOutcome } from '../../model/index.ts';
import { keys } from '../../state/keys.ts';
import type { Reservation } from '../budgets/reservations.ts';
import type { StoreTime } from '../budgets/store-time.ts';
import { readLeadership } from './stored-leadership.ts';

interface Kept {
  readonly leadership: Leadership;
  readonly version: Version;
}

/** What a commit changes of who leads a group. */
export interface LeadershipChange extends Reservation {
  /** Who leads from this commit on; absent when that stays as it was. */
  readonly promoted?: Promotion;
}

const unchanged: LeadershipChange = { ops: [], committed: () => undefined, forget: () => undefined };

/** Before the first failover, or nobody knows: who was ordered before refuses a lower epoch. */
const unled: Leadership = { epoch: 0, last: { from: '', to: '', at: 0 } };

/**
 * Who leads the groups in which the guard made a failover. The epoch is reserved in the commit that begins one, and who
 * leads is written in the commit that ends it, so that neither a crash nor a restart uses an epoch twice or refills the
 * budget (R09).
 */
export class Leaderships {
  readonly #store: StateStore;
  readonly #time: StoreTime;
  readonly #log: Logger;
  readonly #groups = new Map<GroupId, Kept>();
  /** Groups of which it is not known what was written last. */
  readonly #doubted = new Set<GroupId>();

  constructor(store: StateStore, time: StoreTime, log: Logger) {
    this.#store = store;
    this.#time = time;
    this.#log = log;
  }

  /** Reads those of every shard: heartbeats are answered by them, whoever is in trouble. */
  async load(shards: number): Promise<void> {
    for (let shard = 0; shard < shards; shard += 1) {
      const prefix = keys.leaderships(shard);
      let after: string | undefined;
      do {
        const page = await this.#store.list(prefix, { limit: 500, ...(after ? { after } : {}) });
        for (const stored of page) this.#groups.set(stored.key.slice(prefix.length), this.#read(stored));
        after = page.length < 500 ? undefined : page.at(-1)?.key;
      } while (after !== undefined);
    }
  }

  /** Before a decision: reads that of a group anew if it is not known whether the last commit was taken. */
  async settle(shard: number, group: GroupId): Promise<void> {
    if (!this.#doubted.has(group)) return;
    const stored = await this.#store.get(keys.leadership(shard, group));
    if (stored) this.#groups.set(group, this.#read(stored));
    else this.#groups.delete(group);
    this.#doubted.delete(group);
  }

  #read({ key, value, version }: Versioned): Kept {
    const leadership = readLeadership(value);
    if (!leadership)
      this.#log.error({ key }, 'the record of who leads a group is damaged; nobody counts as its leader');
    return { leadership: leadership ?? unled, version };
  }

  of(group: GroupId): Leadership | undefined {
    return this.#groups.get(group)?.leadership;
  }

  /** When the last failover of a group began, by the guard's clock; one that lies ahead began now: the clock was set back. */
  lastAt(group: GroupId, now: EpochMs): EpochMs | undefined {
    const last = this.of(group)?.last;
    return last && Math.min(now, this.#time.toLocal(last.at));
  }

  /** What an incident as it is to be stored changes: a failover begins in it, or the replica has taken over. */
  changeBy(shard: number, incident: Incident): LeadershipChange {
    const attempt = allAttempts(incident).findLast(({ plan }) => plan.promotion !== undefined);
    const next = attempt && this.#after(incident, attempt);
    if (!next) return unchanged;
    const { group } = incident;
    const key = keys.leadership(shard, group);
    const kept = this.#groups.get(group);
    const op: StoreOp = {
      op: 'put',
      key,
      value: next as unknown as JsonObject,
      when: kept ? { version: kept.version } : 'absent',
    };
    const isPromoted = next.primary?.epoch !== kept?.leadership.primary?.epoch;
    return {
      ops: [op],
      committed: (versions) => void this.#groups.set(group, { leadership: next, version: versions[key] as string }),
      forget: () => void this.#doubted.add(group),
      ...(isPromoted && attempt.plan.promotion ? { promoted: attempt.plan.promotion } : {}),
    };
  }

  /** `to` says that it followed the order whose answer was lost: written down once. */
  async confirm(
    shard: number,
    group: GroupId,
    how: { readonly epoch: number; readonly fence: number },
  ): Promise<boolean> {
    await this.settle(shard, group);
    const kept = this.#groups.get(group);
    const { epoch, last } = kept?.leadership ?? unled;
    if (!kept || epoch !== how.epoch || last.outcome !== 'unknown') return false;
    const leadership: Leadership = {
      epoch,
      primary: { agentId: last.to, epoch },
      last: { ...last, outcome: 'led' },
    };
    const key = keys.leadership(shard, group);
    const put = {
      op: 'put',
      key,
      value: leadership as unknown as JsonObject,
      when: { version: kept.version },
    } as const;
    try {
      const versions = await this.#store.commit(keys.partition(shard), [put], { fence: how.fence, durability: 'sync' });
      this.#groups.set(group, { leadership, version: versions[key] as string });
      return true;
    } catch (thrown) {
      this.#doubted.add(group);
      throw thrown;
    }
  }

  #after({ agentId, group }: Incident, attempt: Attempt): Leadership | undefined {
    const { to, epoch } = attempt.plan.promotion as Promotion;
    const known = this.of(group) ?? unled;
    if (known.epoch < epoch)
      return { ...known, epoch, last: { from: agentId, to, at: this.#time.toStore(attempt.startedAt) } };
    const outcome = failoverOutcome(attempt);
    // What is written down stands: a later failover, or an outcome that was confirmed meanwhile.
    if (known.epoch > epoch || outcome === undefined || known.last.outcome !== undefined) return undefined;
    return {
      ...known,
      last: { ...known.last, outcome },
      ...(outcome === 'led' ? { primary: { agentId: to, epoch } } : {}),
    };
  }
}
