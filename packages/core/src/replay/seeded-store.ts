import { createHash } from 'node:crypto';
import type { Clock, StoreOp } from '../contracts/index.ts';
import type { Json, JsonObject } from '../model/index.ts';
import { MemoryStateStore } from '../state/index.ts';
import type { RecordData } from './record-data.ts';
import type { StateLine, StreamLine } from './record-format.ts';
import type { Reseal } from './resealed.ts';
import { standIn } from './stand-in.ts';

const checkpointKey = /^(shard\/\d+)\/checkpoint\/(.+)$/;

/** A store with what the recorded guard found in its own at its start. */
export async function seededStore(
  { header, state }: RecordData,
  clock: Pick<Clock, 'now'>,
  reseal: Reseal,
): Promise<MemoryStateStore> {
  const store = new MemoryStateStore(clock);
  Object.defineProperty(store, 'supports', { value: header.store, enumerable: true });
  for (const line of state) {
    const found = line.k === 'state' ? { ...line, value: reseal(line) } : line;
    await store.commit('replay', opsFor(found), { durability: 'relaxed' });
  }
  return store;
}

/** The bytes of states are not recorded: a checkpoint gets others, and the sum that belongs to them. */
function opsFor(line: StateLine | StreamLine): readonly StoreOp[] {
  if (line.k === 'stream') return line.values.map((value) => ({ op: 'append', stream: line.stream, value }));
  const { key, value } = line;
  const [, shard, rest] = checkpointKey.exec(key) ?? [];
  const size = sizeOf(value);
  if (shard === undefined || size === undefined) return [{ op: 'put', key, value, when: 'any' }];
  const bytes = standIn(size);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const record = { ...(value as JsonObject), bytes: bytes.byteLength, chunks: 1, sha256 };
  return [
    { op: 'put', key, value: record, when: 'any' },
    { op: 'putBytes', key: `${shard}/chunk/${rest}/0`, value: bytes },
  ];
}

function sizeOf(value: Json): number | undefined {
  const size = (value as { readonly bytes?: unknown } | null)?.bytes;
  return typeof size === 'number' && size > 0 ? size : undefined;
}
