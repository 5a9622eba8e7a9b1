/**
 * How the contracts carry two guards and one store: a lease has a token that only grows, every write carries it, and
 * the guard that lost the lease stops, is refused, and leaves the shard to the other.
 */
import { expectTypeOf } from 'vitest';
import {
  type CommitOptions,
  isGuardError,
  type Lease,
  type Leases,
  type Ms,
  type StateStore,
  type StoreOp,
  type Version,
  type When,
} from '@praetorian-guard/core/plugin';

const ttlMs: Ms = 15_000;

/** Takes over a shard: reconcile what the predecessor left open, and only then act. */
export async function takeOver(leases: Leases, store: StateStore, shard: number): Promise<Lease | undefined> {
  const lease = await leases.acquire(`shard/${shard}`, 'guard-b', ttlMs);
  if (!lease) return undefined;
  // Raises the highest token the store has seen; from here on the predecessor's writes are refused.
  await store.commit(`shard/${shard}`, [], { fence: lease.fence, durability: 'sync' });
  return lease;
}

export type Written = 'written' | 'somebody else was faster' | 'the shard is not ours any more';

/** Decide on what was read, write only if it is still so. */
export async function write(store: StateStore, lease: Lease, key: string): Promise<Written> {
  const read = await store.get(key);
  const when: When = read ? { version: read.version } : 'absent';
  const ops: readonly StoreOp[] = [
    { op: 'put', key, value: { owner: 'guard-b' }, when },
    { op: 'append', stream: `${key}/timeline`, value: { event: 'taken-over' }, keep: 1_000 },
  ];
  try {
    await store.commit('shard/3', ops, { fence: lease.fence, durability: 'sync' });
    return 'written';
  } catch (thrown) {
    if (isGuardError(thrown, 'GUARD_STATE_CONFLICT')) return 'somebody else was faster';
    if (isGuardError(thrown, 'GUARD_STATE_FENCED')) return 'the shard is not ours any more';
    throw thrown;
  }
}

/** Everything under way in the shard ends with the lease. */
export function whileOwned(lease: Lease, stop: AbortSignal): AbortSignal {
  return AbortSignal.any([lease.lost, stop]);
}

expectTypeOf<Lease['fence']>().toEqualTypeOf<number>();
// Versions are compared, never computed with.
expectTypeOf<Version>().not.toExtend<number>();
expectTypeOf<Awaited<ReturnType<Leases['acquire']>>>().toEqualTypeOf<Lease | undefined>();
// @ts-expect-error -- whoever writes says under which condition; not caring is written out as 'any'
({ op: 'put', key: 'k', value: 1 }) satisfies StoreOp;
// @ts-expect-error -- and whether it has to be on disk
({ fence: 1 }) satisfies CommitOptions;
// @ts-expect-error -- a value is JSON; bytes go by `putBytes`
({ op: 'put', key: 'k', value: new Uint8Array(1), when: 'any' }) satisfies StoreOp;
