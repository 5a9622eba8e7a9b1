import assert from 'node:assert/strict';
import type { ErrorCode, StateStore, StoreOp, Versions, When } from '../contracts/index.ts';
import { isGuardError } from '../contracts/index.ts';
import type { Json } from '../model/index.ts';
import type { Rig } from './rig.ts';

/** A test of a store that was started and will be stopped. */
export type StoreTest = (store: StateStore, rig: Rig) => Promise<void>;

export type StoreIt = (name: string, body: StoreTest) => void;

export const sync = { durability: 'sync' } as const;

/** Asserts that it rejects with an error of the catalogue. */
export async function refuses(code: ErrorCode, act: () => Promise<unknown>): Promise<void> {
  await assert.rejects(act, (error) => {
    assert.ok(isGuardError(error, code), `expected ${code}, got ${String(error)}`);
    return true;
  });
}

export function put(key: string, value: Json, when: When = 'any'): StoreOp & { op: 'put' } {
  return { op: 'put', key, value, when };
}

export function append(stream: string, value: Json, keep?: number): StoreOp {
  return keep === undefined ? { op: 'append', stream, value } : { op: 'append', stream, value, keep };
}

export function at(versions: Versions, key: string): When {
  return { version: versions[key] as string };
}
