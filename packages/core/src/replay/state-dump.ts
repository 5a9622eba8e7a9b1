import type { StateStore, Versioned } from '../contracts/index.ts';
import type { StateLine, StreamLine } from './record-format.ts';

const pageSize = 500;
/** Records of the ledger taken for each agent, the newest: as many as an assessment looks at. */
const streamMax = 500;

/** What no decision rests on: told lines, configs of the past, and the bytes of states. */
const leftOut = [/^config\//, /^shard\/\d+\/timeline\//, /^shard\/\d+\/chunk\//];

/** What decisions rest on most comes first when there is more than fits. */
const first = [/^meta\//, /^hold\//, /^shard\/\d+\/(budget|agent|incident)\//];

/** Keys that name an agent or tell of one. */
const ofAgent = /^(shard\/\d+)\/(?:agent|budget)\/([^/]+)$/;
const ofIncident = /^(shard\/\d+)\/incident\//;

export interface StateDump {
  readonly lines: readonly (StateLine | StreamLine)[];
  /** Keys and streams that did not fit. */
  readonly leftOut: number;
}

type Source = Pick<StateStore, 'list' | 'read'>;

/** The durable state a guard decides by, at most `maxBytes` of it. */
export async function dumpState(store: Source, maxBytes: number): Promise<StateDump> {
  const found = await all(store);
  found.sort((a, b) => rank(a.key) - rank(b.key) || (a.key < b.key ? -1 : 1));
  const lines: (StateLine | StreamLine)[] = [];
  let bytes = 0;
  let skipped = 0;
  const keep = (line: StateLine | StreamLine): void => {
    const size = JSON.stringify(line).length;
    if (bytes + size > maxBytes) skipped += 1;
    else lines.push(line);
    if (bytes + size <= maxBytes) bytes += size;
  };
  for (const { key, value } of found) keep({ k: 'state', key, value });
  for (const stream of ledgersOf(found)) {
    const values = (await readAll(store, stream)).slice(-streamMax);
    if (values.length > 0) keep({ k: 'stream', stream, values });
  }
  return { lines, leftOut: skipped };
}

async function all(store: Source): Promise<Versioned[]> {
  const found: Versioned[] = [];
  for (let after: string | undefined; ;) {
    const page = await store.list('', { limit: pageSize, ...(after === undefined ? {} : { after }) });
    for (const entry of page) if (!leftOut.some((pattern) => pattern.test(entry.key))) found.push(entry);
    after = page.at(-1)?.key;
    if (page.length < pageSize || after === undefined) return found;
  }
}

/** Streams cannot be listed: the ledgers are those of the agents the store knows. */
function ledgersOf(found: readonly Versioned[]): ReadonlySet<string> {
  const streams = new Set<string>();
  for (const { key, value } of found) {
    const [, shard, id] = ofAgent.exec(key) ?? [];
    const told = (value as { readonly agentId?: unknown } | null)?.agentId;
    const incident = ofIncident.exec(key)?.[1];
    const name =
      shard !== undefined
        ? `${shard}/ledger/${id}`
        : incident === undefined
          ? ''
          : `${incident}/ledger/${String(told)}`;
    if (name !== '') streams.add(name).add(`${name}/failures`);
  }
  return streams;
}

async function readAll(store: Source, stream: string): Promise<StreamLine['values']> {
  const values = [];
  for (let after = 0; ;) {
    const page = await store.read(stream, after, pageSize);
    for (const { seq, value } of page) {
      values.push(value);
      after = seq;
    }
    if (page.length < pageSize) return values;
  }
}

function rank(key: string): number {
  const at = first.findIndex((pattern) => pattern.test(key));
  return at < 0 ? first.length : at;
}
