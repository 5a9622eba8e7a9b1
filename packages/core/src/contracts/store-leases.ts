import type { EpochMs, JsonObject, Ms } from '../model/index.ts';
import type { Clock, Subscription } from './call.ts';
import { guardError, isGuardError } from './errors.ts';
import type { Lease, Leases, StateStore, Version, Versioned } from './state-store.ts';

/** Where a lease lies. It has no time to live: its fence has to outlast every holder. */
interface LeaseRecord extends JsonObject {
  readonly holder: string;
  readonly fence: number;
  /** By the store's clock; 0 after a release. */
  readonly expiresAt: EpochMs;
}

/**
 * Leases over any store by compare-and-set, judged by the store's own clock. What a holder may believe is judged by its
 * monotonic clock, counted from before the request was sent, so that it gives up no later than others may take over.
 */
export class StoreLeases implements Leases {
  readonly #store: StateStore;
  readonly #clock: Pick<Clock, 'monotonic' | 'after'>;

  constructor(store: StateStore, clock: Pick<Clock, 'monotonic' | 'after'>) {
    this.#store = store;
    this.#clock = clock;
  }

  async acquire(name: string, holder: string, ttlMs: Ms): Promise<Lease | undefined> {
    const key = leaseKey(name);
    const sentMs = this.#clock.monotonic();
    const found = await this.#store.get(key);
    const now = await this.#store.now();
    const old = found && recordOf(found);
    if (old && old.holder !== holder && old.expiresAt > now) return undefined;
    const record: LeaseRecord = { holder, fence: (old?.fence ?? 0) + 1, expiresAt: now + ttlMs };
    try {
      const version = await writeLease(this.#store, key, record, found ? { version: found.version } : 'absent');
      return new StoreLease({ store: this.#store, clock: this.#clock, name, ttlMs, record, version, sentMs });
    } catch (error) {
      if (isGuardError(error, 'GUARD_STATE_CONFLICT')) return undefined;
      throw error;
    }
  }
}

interface Held {
  readonly store: StateStore;
  readonly clock: Pick<Clock, 'monotonic' | 'after'>;
  readonly name: string;
  readonly ttlMs: Ms;
  readonly record: LeaseRecord;
  readonly version: Version;
  readonly sentMs: Ms;
}

class StoreLease implements Lease {
  readonly name: string;
  readonly fence: number;
  readonly #held: Held;
  readonly #lost = new AbortController();
  #version: Version;
  #expiresAtMs: Ms;
  #expiry: Subscription;

  constructor(held: Held) {
    this.name = held.name;
    this.fence = held.record.fence;
    this.#held = held;
    this.#version = held.version;
    this.#expiresAtMs = held.sentMs + held.ttlMs;
    this.#expiry = this.#expireAt(this.#expiresAtMs);
  }

  get expiresAtMs(): Ms {
    return this.#expiresAtMs;
  }

  get lost(): AbortSignal {
    return this.#lost.signal;
  }

  async renew(): Promise<boolean> {
    if (this.#lost.signal.aborted) return false;
    const { clock, store, ttlMs } = this.#held;
    const sentMs = clock.monotonic();
    const written = await this.#write((await store.now()) + ttlMs);
    if (!written) this.#lose('another holder took it');
    // It may have run out while the store was slow; then others were free to take over and it stays lost.
    if (this.#lost.signal.aborted) return false;
    this.#expiry.dispose();
    this.#expiresAtMs = sentMs + ttlMs;
    this.#expiry = this.#expireAt(this.#expiresAtMs);
    return !this.#lost.signal.aborted;
  }

  async release(): Promise<void> {
    if (this.#lost.signal.aborted) return;
    this.#lose('it was released');
    await this.#write(0);
  }

  /** Writes the new expiry; `false` when the record is another's by now. */
  async #write(expiresAt: EpochMs): Promise<boolean> {
    const { store, record } = this.#held;
    const key = leaseKey(this.name);
    for (;;) {
      try {
        this.#version = await writeLease(store, key, { ...record, expiresAt }, { version: this.#version });
        return true;
      } catch (error) {
        if (!isGuardError(error, 'GUARD_STATE_CONFLICT')) throw error;
      }
      // The conflict may be with ourselves: an earlier write whose answer was lost.
      const found = await store.get(key);
      if (!found || found.version === this.#version || recordOf(found).fence !== this.fence) return false;
      this.#version = found.version;
    }
  }

  #expireAt(atMs: Ms): Subscription {
    const leftMs = atMs - this.#held.clock.monotonic();
    if (leftMs > 0) return this.#held.clock.after(leftMs, () => this.#lose('it was not renewed in time'));
    this.#lose('it was not renewed in time');
    return { dispose: () => undefined };
  }

  #lose(why: string): void {
    if (this.#lost.signal.aborted) return;
    this.#expiry?.dispose();
    this.#lost.abort(guardError('GUARD_LEASE_LOST', { name: this.name, fence: this.fence, why }));
  }
}

const leaseKey = (name: string): string => `lease/${name}`;

async function writeLease(
  store: StateStore,
  key: string,
  record: LeaseRecord,
  when: { version: Version } | 'absent',
): Promise<Version> {
  const versions = await store.commit(key, [{ op: 'put', key, value: record, when }], { durability: 'sync' });
  return versions[key] as Version;
}

function recordOf({ key, value }: Versioned): LeaseRecord {
  const record = value as Partial<LeaseRecord> | null;
  if (
    typeof record?.holder === 'string' &&
    Number.isSafeInteger(record.fence) &&
    typeof record.expiresAt === 'number'
  ) {
    return record as LeaseRecord;
  }
  throw guardError('GUARD_STATE_CORRUPT', { path: key, why: 'it is not a lease' });
}
