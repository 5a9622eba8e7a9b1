import type { Clock, Lease, Leases, Logger, Subscription } from '../contracts/index.ts';
import { guardError, invariant, messageOf } from '../contracts/index.ts';
import type { GroupId, Ms } from '../model/index.ts';
import { shardOf } from '../state/keys.ts';

/** Time to live of the lease, and how often it is renewed: renewal plus two retries fit well within it (R12). */
const ttlMs: Ms = 15_000;
const renewMs: Ms = 5_000;

export interface OwnershipOptions {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Logger;
}

/** What is fixed in the store at its first start. */
export interface Identity {
  readonly guardId: string;
  readonly shards: number;
}

/**
 * What this guard owns. With a store that belongs to one process there is one lease over all shards; its token fences
 * every write, and when it cannot be renewed the guard stops acting.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  #identity: Identity | undefined;
  #lease: Lease | undefined;
  #alarm: Subscription | undefined;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** Takes the lease; refuses to start while another guard holds it. */
  async start(identity: Identity): Promise<void> {
    this.#identity = identity;
    this.#lease = await this.#options.leases.acquire('guard', identity.guardId, ttlMs);
    if (!this.#lease) throw guardError('GUARD_STATE_LOCKED', { path: 'lease "guard"' });
    this.#renewLater();
  }

  async stop(): Promise<void> {
    this.#alarm?.dispose();
    const lease = this.#lease;
    this.#lease = undefined;
    await lease?.release();
  }

  /** Number of shards of the store. */
  get shards(): number {
    invariant(this.#identity, 'the store is opened before shards are asked for');
    return this.#identity.shards;
  }

  shard(group: GroupId): number {
    return shardOf(group, this.shards);
  }

  /** Token under which a shard is written now; `undefined` when this guard may not write it. */
  fenceOfShard(_shard: number): number | undefined {
    return this.#lease && !this.#lease.lost.aborted ? this.#lease.fence : undefined;
  }

  /** Token under which the group is written now. */
  fence(_group: GroupId): number {
    return this.#lease?.fence ?? 0;
  }

  /** Whether this guard may act on the group now. */
  owns(_group: GroupId): boolean {
    return this.#lease !== undefined && !this.#lease.lost.aborted;
  }

  #renewLater(): void {
    this.#alarm = this.#options.clock.after(renewMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const lease = this.#lease;
    if (!lease) return;
    try {
      if (!(await lease.renew())) {
        this.#options.log.error({ lease: lease.name }, 'the lease is lost; nothing more is done');
        return;
      }
    } catch (thrown) {
      this.#options.log.warn({ err: messageOf(thrown) }, 'the lease could not be renewed');
    }
    if (this.#lease === lease) this.#renewLater();
  }
}
