import type { Clock, CommitOptions, StateStore, StoreOp, Versions } from '../contracts/index.ts';
import type { Ms } from '../model/index.ts';

/** The same store, with every commit measured: how long it took, and what it threw. */
export function timedStore(
  store: StateStore,
  clock: Pick<Clock, 'monotonic'>,
  measured: (tookMs: Ms, thrown?: unknown) => void,
): StateStore {
  const commit = async (partition: string, ops: readonly StoreOp[], options: CommitOptions): Promise<Versions> => {
    const startMs = clock.monotonic();
    try {
      const versions = await store.commit(partition, ops, options);
      measured(clock.monotonic() - startMs);
      return versions;
    } catch (thrown) {
      measured(clock.monotonic() - startMs, thrown);
      throw thrown;
    }
  };
  return {
    supports: store.supports,
    ...(store.folder === undefined ? {} : { folder: store.folder }),
    ...(store.startWithinMs === undefined ? {} : { startWithinMs: store.startWithinMs }),
    ...(store.start ? { start: (signal) => store.start?.(signal) ?? Promise.resolve() } : {}),
    ...(store.stop ? { stop: (deadline) => store.stop?.(deadline) ?? Promise.resolve() } : {}),
    now: () => store.now(),
    get: (key) => store.get(key),
    getBytes: (key) => store.getBytes(key),
    list: (prefix, page) => store.list(prefix, page),
    commit,
    read: (stream, after, limit) => store.read(stream, after, limit),
    tail: (stream, after, call) => store.tail(stream, after, call),
  };
}
