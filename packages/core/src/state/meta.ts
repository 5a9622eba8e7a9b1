import type { Clock, Random, StateStore, Versioned } from '../contracts/index.ts';
import { guardError, isGuardError } from '../contracts/index.ts';
import type { EpochMs } from '../model/index.ts';
import { defaultShards, keys } from './keys.ts';

/** How the records of the engine are laid out; raised by a change that an older guard would misread. */
const storeSchema = 1;

/** What a store says about itself since its first start. */
export interface StoreMeta {
  readonly schema: number;
  /** Number of shards; never changes, because it decides which partition a group lies in. */
  readonly shards: number;
  /** Names this guard in leases: kept in a store that is its own, new at every start in a shared one. */
  readonly guardId: string;
  readonly createdAt: EpochMs;
}

export interface MetaOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly random: Pick<Random, 'ulid'>;
  /** Shards of a new store; an old one keeps what it has. [64] */
  readonly shards?: number;
}

/** Reads what the store says about itself, and writes it at the very first start; several guards may start at once. */
export async function openMeta(store: StateStore, options: MetaOptions): Promise<StoreMeta> {
  const found = await store.get(keys.meta);
  const fresh: StoreMeta = {
    schema: storeSchema,
    shards: options.shards ?? defaultShards,
    guardId: `guard_${options.random.ulid()}`,
    createdAt: options.clock.now(),
  };
  const kept = found ? readMeta(found) : await writeMeta(store, fresh);
  return store.supports.shared ? { ...kept, guardId: fresh.guardId } : kept;
}

async function writeMeta(store: StateStore, fresh: StoreMeta): Promise<StoreMeta> {
  try {
    const put = { op: 'put', key: keys.meta, value: { ...fresh }, when: 'absent' } as const;
    await store.commit(keys.meta, [put], { durability: 'sync' });
    return fresh;
  } catch (error) {
    // Another guard was first.
    const found = isGuardError(error, 'GUARD_STATE_CONFLICT') ? await store.get(keys.meta) : undefined;
    if (!found) throw error;
    return readMeta(found);
  }
}

/** What a store says about itself, checked. Errors: `GUARD_STATE_CORRUPT`, `GUARD_STATE_NEWER`. */
export function readMeta({ key, value }: Versioned): StoreMeta {
  // The first ones did not say which schema they have.
  const { schema = 1, shards, guardId, createdAt } = (value ?? {}) as Partial<StoreMeta>;
  const valid =
    Number.isSafeInteger(shards) && Number(shards) > 0 && typeof guardId === 'string' && typeof createdAt === 'number';
  if (!valid) throw guardError('GUARD_STATE_CORRUPT', { path: key, why: 'it does not name shards, guard and time' });
  if (!(schema <= storeSchema)) throw guardError('GUARD_STATE_NEWER', { path: key, found: schema, known: storeSchema });
  return { schema, shards: Number(shards), guardId, createdAt };
}
