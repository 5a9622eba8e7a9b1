/**
 * How a store lies in LevelDB. Keys of the database, in which names are printable ASCII without spaces:
 *
 *     k/<key>                     a value: kind, version, expiry, then JSON text or bytes
 *     s/<stream> <seq>            an entry of a stream, as JSON text
 *     f/<partition>               highest fence seen
 *     x/<expiry> <key>            index of values with a time to live, for the sweep
 *     m/format, m/version         layout, and the version up to which numbers are given out
 */
import type { EpochMs, Json, Version } from '@praetorian-guard/core/plugin';
import { guardError } from '@praetorian-guard/core/plugin';

export const formatKey = 'm/format';
export const versionKey = 'm/version';
export const format = '1';

export const valueKey = (key: string): string => `k/${key}`;
export const fenceKey = (partition: string): string => `f/${partition}`;
export const entryKey = (stream: string, seq: number): string => `s/${stream} ${digits(seq)}`;
export const expiryKey = (expiresAt: EpochMs, key: string): string => `x/${digits(expiresAt)} ${key}`;

/** Above every printable character, and above a space for what follows it. */
const end = '\x7f';

export const valueRange = (prefix: string, after: string | undefined): { gt?: string; gte?: string; lt: string } => {
  const bounds = { lt: `k/${prefix}${end}` };
  return after === undefined || after < prefix ? { ...bounds, gte: `k/${prefix}` } : { ...bounds, gt: `k/${after}` };
};
export const streamRange = (stream: string, after = 0): { gt: string; lt: string } => ({
  gt: entryKey(stream, after),
  lt: `s/${stream} ${end}`,
});
export const dueRange = (now: EpochMs): { gte: string; lt: string } => ({ gte: 'x/', lt: `x/${digits(now + 1)}` });

export const keyOfValue = (dbKey: string): string => dbKey.slice(2);
export const seqOfEntry = (dbKey: string): number => Number(dbKey.slice(-16));
export const dueOf = (dbKey: string): { readonly expiresAt: EpochMs; readonly key: string } => ({
  expiresAt: Number(dbKey.slice(2, 18)),
  key: dbKey.slice(19),
});

/** 16 digits hold every whole number that JavaScript counts exactly, in an order that sorts. */
function digits(value: number): string {
  return String(Math.max(0, Math.ceil(value))).padStart(16, '0');
}

/** What is known of a key without its value. */
export interface Held {
  readonly version: number;
  /** 0 = never. */
  readonly expiresAt: EpochMs;
}

const headBytes = 17;
const kinds = { json: 0x6a, bytes: 0x62 } as const;

export type ValueKind = keyof typeof kinds;

export function encodeValue(kind: ValueKind, held: Held, payload: Uint8Array): Buffer {
  const record = Buffer.allocUnsafe(headBytes + payload.byteLength);
  record.writeUInt8(kinds[kind], 0);
  record.writeDoubleBE(held.version, 1);
  record.writeDoubleBE(held.expiresAt, 9);
  record.set(payload, headBytes);
  return record;
}

export function decodeHeld(record: Buffer): Held {
  return { version: record.readDoubleBE(1), expiresAt: record.readDoubleBE(9) };
}

/** The payload when the record is of that kind. */
export function payloadOf(kind: ValueKind, record: Buffer): Buffer | undefined {
  return record[0] === kinds[kind] ? record.subarray(headBytes) : undefined;
}

export const versionText = (version: number): Version => version.toString(36);

export function parseJson(path: string, dbKey: string, text: Buffer): Json {
  try {
    return JSON.parse(text.toString());
  } catch (error) {
    throw guardError('GUARD_STATE_CORRUPT', { path, why: `${dbKey} is not JSON` }, { cause: error });
  }
}
