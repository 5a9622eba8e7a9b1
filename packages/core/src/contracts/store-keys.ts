import type { ErrorDetails } from './errors.ts';
import { guardError } from './errors.ts';
import type { StoreOp } from './state-store.ts';

/** Longest key or stream name of a store, in characters. */
export const storeKeyMax = 512;

/** Longest binary value of a store. */
export const storeBytesMax = 256 * 1024;

/** Why a text is not a key, stream or partition name of a store; `undefined` when it is one. */
export function storeKeyProblem(key: string): string | undefined {
  if (typeof key !== 'string' || key.length === 0) return 'it is empty';
  if (key.length > storeKeyMax) return `it has ${key.length} characters, ${storeKeyMax} are allowed`;
  // ASCII only, so that every store sorts keys alike.
  const bad = /[^\x21-\x7e]/.exec(key);
  return bad ? `character ${bad.index + 1} is ${JSON.stringify(bad[0])}, only printable ASCII is allowed` : undefined;
}

/** Refuses what is not a key with `GUARD_STATE_KEY`. */
export function checkStoreKey(key: string): void {
  const why = storeKeyProblem(key);
  if (why !== undefined) throw guardError('GUARD_STATE_KEY', { key: key.slice(0, 80), why });
}

/** Refuses a commit with a name that is not a key or a value that no store can hold. Every store begins a commit with it. */
export function checkStoreOps(partition: string, ops: readonly StoreOp[]): void {
  checkStoreKey(partition);
  for (const op of ops) {
    checkStoreKey(op.op === 'append' ? op.stream : op.key);
    const why = valueProblem(op);
    if (why !== undefined) throw guardError('GUARD_STATE_VALUE', valueDetails(op, why));
  }
}

function valueProblem(op: StoreOp): string | undefined {
  if (op.op === 'putBytes') {
    return op.value.byteLength > storeBytesMax ? `it has ${op.value.byteLength} bytes` : undefined;
  }
  if (op.op === 'put' && op.ttlMs !== undefined && !(op.ttlMs > 0)) return `its time to live is ${op.ttlMs} ms`;
  if (op.op === 'append' && op.keep !== undefined && !(Number.isInteger(op.keep) && op.keep > 0)) {
    return `keep is ${op.keep}, not a whole number above 0`;
  }
  return undefined;
}

function valueDetails(op: StoreOp, why: string): ErrorDetails {
  return { key: op.op === 'append' ? op.stream : op.key, why };
}

/** The value as JSON text. Refuses what has none (`undefined`, functions, big integers, cycles) with `GUARD_STATE_VALUE`. */
export function storeJson(key: string, value: unknown): string {
  let text: string | undefined;
  try {
    text = JSON.stringify(value);
  } catch (error) {
    throw guardError('GUARD_STATE_VALUE', { key, why: 'it is not JSON' }, { cause: error });
  }
  if (text === undefined) throw guardError('GUARD_STATE_VALUE', { key, why: `${typeof value} is not JSON` });
  return text;
}
