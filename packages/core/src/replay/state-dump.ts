import type { StateStore, Versioned } from '../contracts/index.ts';
import type { StateLine } from './record-format.ts';

const pageSize = 500;

/** What no decision rests on: told lines, configs of the past, and the bytes of states. */
const leftOut = [/^config\//, /^shard\/\d+\/timeline\//, /^shard\/\d+\/chunk\//];

/** What decisions rest on most comes first when there is more than fits. */
const first = [/^meta\//, /^hold\//, /^shard\/\d+\/(budget|agent|incident|ledger)\//];

export interface StateDump {
  readonly lines: readonly StateLine[];
  /** Keys that did not fit. */
  readonly leftOut: number;
}

/** The durable state a guard decides by, at most `maxBytes` of it. */
export async function dumpState(store: Pick<StateStore, 'list'>, maxBytes: number): Promise<StateDump> {
  const found = await all(store);
  found.sort((a, b) => rank(a.key) - rank(b.key) || (a.key < b.key ? -1 : 1));
  const lines: StateLine[] = [];
  let bytes = 0;
  for (const { key, value } of found) {
    const size = key.length + JSON.stringify(value).length;
    if (bytes + size > maxBytes) continue;
    bytes += size;
    lines.push({ k: 'state', key, value });
  }
  return { lines, leftOut: found.length - lines.length };
}

async function all(store: Pick<StateStore, 'list'>): Promise<Versioned[]> {
  const found: Versioned[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.list('', { limit: pageSize, ...(after === undefined ? {} : { after }) });
    for (const entry of page) if (!leftOut.some((pattern) => pattern.test(entry.key))) found.push(entry);
    after = page.at(-1)?.key;
    if (page.length < pageSize || after === undefined) return found;
  }
}

function rank(key: string): number {
  const at = first.findIndex((pattern) => pattern.test(key));
  return at < 0 ? first.length : at;
}
