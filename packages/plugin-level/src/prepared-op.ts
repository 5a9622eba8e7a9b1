import type { Ms, StoreOp, When } from '@praetorian-guard/core/plugin';
import { storeJson } from '@praetorian-guard/core/plugin';
import type { ValueKind } from './layout.ts';

/** An operation with its value as bytes of its own, so that the caller may change what it passed. */
export type PreparedOp =
  | {
      readonly op: 'write';
      readonly key: string;
      readonly kind: ValueKind;
      readonly payload: Buffer;
      readonly when: When;
      readonly ttlMs?: Ms;
    }
  | { readonly op: 'delete'; readonly key: string; readonly when: When }
  | { readonly op: 'append'; readonly stream: string; readonly payload: Buffer; readonly keep: number };

/** Refuses values that are not JSON with `GUARD_STATE_VALUE`. */
export function prepare(op: StoreOp): PreparedOp {
  switch (op.op) {
    case 'delete':
      return { op: 'delete', key: op.key, when: op.when };
    case 'append':
      return { op: 'append', stream: op.stream, payload: jsonBytes(op.stream, op.value), keep: op.keep ?? Infinity };
    case 'putBytes':
      return { op: 'write', key: op.key, kind: 'bytes', payload: Buffer.from(op.value), when: 'any' };
    case 'put': {
      const write = {
        op: 'write',
        key: op.key,
        kind: 'json',
        payload: jsonBytes(op.key, op.value),
        when: op.when,
      } as const;
      return op.ttlMs === undefined ? write : { ...write, ttlMs: op.ttlMs };
    }
  }
}

function jsonBytes(name: string, value: unknown): Buffer {
  return Buffer.from(storeJson(name, value));
}
