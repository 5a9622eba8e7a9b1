import assert from 'node:assert/strict';
import type { Random, StateStore, StoreOp, StreamEntry } from '../contracts/index.ts';
import { isGuardError } from '../contracts/index.ts';
import type { Json } from '../model/index.ts';
import type { Rig } from './rig.ts';

/** What a store has to hold, in the simplest form. */
interface Model {
  readonly json: Map<string, { readonly value: Json; readonly version: string; readonly expiresAt: number }>;
  readonly bytes: Map<string, { readonly value: readonly number[]; readonly version: string }>;
  readonly streams: Map<string, StreamEntry[]>;
  readonly lastSeq: Map<string, number>;
  readonly fences: Map<string, number>;
}

const names = ['a', 'a/1', 'a/2', 'b', 'b/1'];
const partitions = ['p', 'q'];

/**
 * Random commits, checked after each against a model: the same commits succeed, the same fail, and everything reads
 * alike. The sequence follows from the rig's seed.
 */
export async function checkAgainstModel(store: StateStore, rig: Rig): Promise<void> {
  const random = rig.random.fork('model');
  const model: Model = { json: new Map(), bytes: new Map(), streams: new Map(), lastSeq: new Map(), fences: new Map() };
  for (let round = 0; round < 150; round += 1) {
    if (random.next() < 0.2) rig.clock.jumpWall(random.integer(30));
    const now = await store.now();
    for (const [key, item] of model.json) if (item.expiresAt <= now) model.json.delete(key);
    await step({ store, model, random, now });
    await compare(store, model);
  }
}

interface Round {
  readonly store: StateStore;
  readonly model: Model;
  readonly random: Random;
  readonly now: number;
}

async function step({ store, model, random, now }: Round): Promise<void> {
  const partition = pick(random, partitions);
  const ops = Array.from({ length: random.integer(4) }, () => randomOp(random, model));
  const fence = random.next() < 0.3 ? random.integer(20) : undefined;
  const draft =
    fence !== undefined && fence < (model.fences.get(partition) ?? 0) ? undefined : applied(model, ops, now);
  const options = {
    durability: random.next() < 0.5 ? 'sync' : 'relaxed',
    ...(fence === undefined ? {} : { fence }),
  } as const;
  try {
    const versions = await store.commit(partition, ops, options);
    assert.ok(draft, `commit should have failed: ${JSON.stringify({ partition, ops, fence })}`);
    assert.deepEqual(Object.keys(versions).sort(), [...draft.put].sort());
    for (const [key, version] of Object.entries(versions)) setVersion(draft.model, key, version);
    if (fence !== undefined) draft.model.fences.set(partition, fence);
    Object.assign(model, draft.model);
  } catch (error) {
    if (!isGuardError(error, 'GUARD_STATE_CONFLICT') && !isGuardError(error, 'GUARD_STATE_FENCED')) throw error;
    assert.equal(
      draft,
      undefined,
      `commit should have succeeded: ${JSON.stringify({ partition, ops, fence })} ${error}`,
    );
  }
}

/** The model after the operations, or `undefined` when a condition fails. */
function applied(model: Model, ops: readonly StoreOp[], now: number): { model: Model; put: Set<string> } | undefined {
  const next: Model = structuredClone(model);
  const put = new Set<string>();
  for (const op of ops) {
    if (op.op === 'append') {
      const seq = (next.lastSeq.get(op.stream) ?? 0) + 1;
      const entries = [...(next.streams.get(op.stream) ?? []), { seq, value: op.value }];
      next.lastSeq.set(op.stream, seq);
      next.streams.set(op.stream, entries.slice(-(op.keep ?? entries.length)));
      continue;
    }
    const held = next.json.get(op.key) ?? next.bytes.get(op.key);
    if (op.op !== 'putBytes' && op.when !== 'any') {
      if (op.when === 'absent' ? held !== undefined : held?.version !== op.when.version) return undefined;
    }
    next.json.delete(op.key);
    next.bytes.delete(op.key);
    put.delete(op.key);
    if (op.op === 'delete') continue;
    put.add(op.key);
    // The version becomes known by the commit; until then nothing can name it.
    if (op.op === 'putBytes') next.bytes.set(op.key, { value: [...op.value], version: 'new' });
    else next.json.set(op.key, { value: op.value, version: 'new', expiresAt: now + (op.ttlMs ?? Infinity) });
  }
  return { model: next, put };
}

function setVersion(model: Model, key: string, version: string): void {
  const json = model.json.get(key);
  if (json) model.json.set(key, { ...json, version });
  const bytes = model.bytes.get(key);
  if (bytes) model.bytes.set(key, { ...bytes, version });
}

function randomOp(random: Random, model: Model): StoreOp {
  const key = pick(random, names);
  const held = model.json.get(key)?.version ?? model.bytes.get(key)?.version ?? 'none';
  const when = pick(random, ['any', 'any', 'absent', { version: held }, { version: 'stale' }] as const);
  const value = { n: random.integer(1000), text: 'x'.repeat(random.integer(20)) };
  switch (random.integer(6)) {
    case 0:
      return { op: 'delete', key, when };
    case 1:
      return { op: 'putBytes', key, value: Uint8Array.of(random.integer(256), random.integer(256)) };
    case 2:
      return { op: 'append', stream: key, value };
    case 3:
      return { op: 'append', stream: key, value, keep: 1 + random.integer(4) };
    case 4:
      return { op: 'put', key, value, when, ttlMs: 1 + random.integer(60) };
    default:
      return { op: 'put', key, value, when };
  }
}

async function compare(store: StateStore, model: Model): Promise<void> {
  const wanted = [...model.json].sort(([a], [b]) => (a < b ? -1 : 1));
  assert.deepEqual(
    await store.list('', { limit: 100 }),
    wanted.map(([key, { value, version }]) => ({ key, value, version })),
  );
  for (const name of names) {
    assert.equal((await store.get(name))?.version, model.json.get(name)?.version);
    const bytes = await store.getBytes(name);
    assert.deepEqual(bytes && [...bytes], model.bytes.get(name)?.value);
    assert.deepEqual(await store.read(name, 0, 100), model.streams.get(name) ?? []);
  }
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random.integer(from.length)] as T;
}
