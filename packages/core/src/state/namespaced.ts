import type { StateStore, StoreOp, Versioned, Versions } from '../contracts/index.ts';
import { checkStoreKey } from '../contracts/index.ts';

/**
 * A part of a store in which every key, stream and partition begins with `prefix/`, unseen by whoever uses it. It has no
 * lifecycle of its own: the store below is started and stopped by its owner.
 */
export function namespaced(store: StateStore, prefix: string): StateStore {
  checkStoreKey(prefix);
  const inside = (name: string): string => `${prefix}/${name}`;
  // Checked before the prefix is added: an empty name would pass afterwards.
  const checked = (name: string): string => {
    checkStoreKey(name);
    return inside(name);
  };
  const outside = (name: string): string => name.slice(prefix.length + 1);
  const toOutside = (item: Versioned): Versioned => ({ ...item, key: outside(item.key) });
  const toInside = (op: StoreOp): StoreOp =>
    op.op === 'append' ? { ...op, stream: checked(op.stream) } : { ...op, key: checked(op.key) };
  return {
    supports: store.supports,
    now: () => store.now(),
    async get(key) {
      const found = await store.get(checked(key));
      return found && toOutside(found);
    },
    getBytes: async (key) => store.getBytes(checked(key)),
    async list(keyPrefix, page) {
      const after = page.after === undefined ? {} : { after: inside(page.after) };
      const found = await store.list(inside(keyPrefix), { ...page, ...after });
      return found.map(toOutside);
    },
    async commit(partition, ops, options): Promise<Versions> {
      const versions = await store.commit(checked(partition), ops.map(toInside), options);
      return Object.fromEntries(Object.entries(versions).map(([key, version]) => [outside(key), version]));
    },
    read: async (stream, after, limit) => store.read(checked(stream), after, limit),
    tail: (stream, after, call) => store.tail(checked(stream), after, call),
  };
}
