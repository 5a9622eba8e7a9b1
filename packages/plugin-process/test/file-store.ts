import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import type { Json, Page, StateStore, StoreOp, Versioned } from '@praetorian-guard/core/plugin';

/** As much of a durable store as the plugin uses, in one JSON file: it survives SIGKILL of its process. */
export function fileStore(path: string): StateStore {
  const read = (): Record<string, Json> =>
    existsSync(path) ? (JSON.parse(readFileSync(path, 'utf8')) as Record<string, Json>) : {};
  const versioned = ([key, value]: [string, Json]): Versioned => ({ key, value, version: '1' });
  const apply = (all: Record<string, Json>, op: StoreOp): void => {
    if (op.op === 'put') all[op.key] = op.value;
    else if (op.op === 'delete') delete all[op.key];
  };
  const unused = async (): Promise<never> => Promise.reject(new TypeError('not used by the plugin'));
  return {
    supports: { durable: true, shared: false },
    now: async () => Date.now(),
    get: async (key) => {
      const value = read()[key];
      return value === undefined ? undefined : versioned([key, value]);
    },
    getBytes: unused,
    list: async (prefix: string, page: Page) => {
      const sorted = Object.entries(read()).filter(([key]) => key.startsWith(prefix) && key > (page.after ?? ''));
      return sorted
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .slice(0, page.limit)
        .map(versioned);
    },
    commit: async (_partition, ops) => {
      const all = read();
      for (const op of ops) apply(all, op);
      writeFileSync(`${path}.new`, JSON.stringify(all));
      renameSync(`${path}.new`, path);
      return {};
    },
    read: unused,
    tail: () => ({ [Symbol.asyncIterator]: () => ({ next: unused }) }),
  };
}
