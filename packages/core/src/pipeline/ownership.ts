import type { Clock, Lease, Leases, Logger, Subscription } from '../contracts/index.ts';
import { guardError, invariant, messageOf } from '../contracts/index.ts';
import type { GroupId, Ms } from '../model/index.ts';
import { shardOf } from '../state/keys.ts';

/** Time to live of the lease, how often it is renewed, and the pause after a failure: two retries fit well in (R12). */
const ttlMs: Ms = 15_000;
const renewMs: Ms = 5_000;
const retryMs: Ms = 2_000;

export interface OwnershipOptions {
  readonly leases: Leases;
  readonly clock: Clock;
  readonly log: Logger;
  /** Whether another process may write the store while this one holds no lease. */
  readonly shared: boolean;
  /** The guard may do nothing any more. */
  lost(why: string): void;
  /** The lease is there again, and nobody wrote meanwhile: what is in memory still holds. */
  regained(): void;
}

/** What is fixed in the store at its first start. */
export interface Identity {
  readonly guardId: string;
  readonly shards: number;
}

/**
 * What this guard owns. With a store that belongs to one process there is one lease over all shards; its token fences
 * every write, and when it cannot be renewed the guard stops acting until it has it again: a store that was away for
 * longer than the lease, or a machine that slept, must not end the guard's work for good.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  #identity: Identity | undefined;
  #lease: Lease | undefined;
  #alarm: Subscription | undefined;
  #stopped = false;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** Takes the lease; refuses to start while another guard holds it. */
  async start(identity: Identity): Promise<void> {
    this.#identity = identity;
    this.#lease = await this.#options.leases.acquire('guard', identity.guardId, ttlMs);
    if (!this.#lease) throw guardError('GUARD_STATE_LOCKED', { path: 'lease "guard"' });
    this.#hold(this.#lease);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
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
    return this.#proven()?.fence;
  }

  /** Token under which the group is written now. */
  fence(_group: GroupId): number {
    return this.#lease?.fence ?? 0;
  }

  /** Whether this guard may act on the group now. */
  owns(_group: GroupId): boolean {
    return this.#proven() !== undefined;
  }

  /** The lease, as long as it can be proven. The clock is asked too: after a standstill of the process timers come late. */
  #proven(): Lease | undefined {
    const lease = this.#lease;
    if (!lease || lease.lost.aborted) return undefined;
    return this.#options.clock.monotonic() < (lease.expiresAtMs ?? Infinity) ? lease : undefined;
  }

  #hold(lease: Lease): void {
    this.#lease = lease;
    lease.lost.addEventListener('abort', () => {
      if (!this.#stopped) this.#options.lost(messageOf(lease.lost.reason));
    });
    this.#later(renewMs);
  }

  #later(afterMs: Ms): void {
    if (!this.#stopped) this.#alarm = this.#options.clock.after(afterMs, () => void this.#renew());
  }

  async #renew(): Promise<void> {
    const lease = this.#lease;
    if (!lease) return;
    try {
      if (await lease.renew()) this.#later(renewMs);
      else await this.#regain(lease);
    } catch (thrown) {
      this.#options.log.warn({ err: messageOf(thrown) }, 'the lease could not be renewed');
      this.#later(retryMs);
    }
  }

  /** The lease ran out. It is taken again, unless another guard may have worked with the store meanwhile. */
  async #regain(old: Lease): Promise<void> {
    const { leases, log, shared } = this.#options;
    const lease = await leases.acquire(old.name, (this.#identity as Identity).guardId, ttlMs);
    if (!lease) return this.#later(retryMs);
    if (this.#stopped) return lease.release();
    if (shared && lease.fence !== old.fence + 1) {
      log.error({ lease: lease.name, fence: lease.fence }, 'another guard took over meanwhile; start this one anew');
      return lease.release();
    }
    log.warn({ lease: lease.name, fence: lease.fence }, 'the lease was lost and is there again');
    this.#hold(lease);
    this.#options.regained();
  }
}
