import type { EpochMs, Json, Ms } from '../model/index.ts';
import type { Call, Component } from './call.ts';

/** Opaque; two versions are only ever compared for equality. */
export type Version = string;

export interface Versioned {
  readonly key: string;
  readonly value: Json;
  readonly version: Version;
}

/** When a write applies: `absent` = only if there is nothing yet; `any` has to be written out, so that carelessness shows. */
export type When = { readonly version: Version } | 'absent' | 'any';

export type StoreOp =
  | { readonly op: 'put'; readonly key: string; readonly value: Json; readonly when: When; readonly ttlMs?: Ms }
  | { readonly op: 'delete'; readonly key: string; readonly when: When }
  /** Adds to a stream; `keep` bounds it by dropping the oldest. */
  | { readonly op: 'append'; readonly stream: string; readonly value: Json; readonly keep?: number }
  /** A binary value, for checkpoint chunks. At most 256 KiB. */
  | { readonly op: 'putBytes'; readonly key: string; readonly value: Uint8Array };

export interface CommitOptions {
  /** Token of the lease under which the partition is written; a lower one than the highest seen is refused. */
  readonly fence?: number;
  /** `sync`: on disk before it resolves. `relaxed`: may be lost by a crash of the machine, not of the process. */
  readonly durability: 'sync' | 'relaxed';
}

/** New version of every key that was put, by key. */
export type Versions = { readonly [key: string]: Version };

export interface StreamEntry {
  /** Counts up per stream, from 1, never reused. */
  readonly seq: number;
  readonly value: Json;
}

export interface Page {
  /** Return keys after this one. */
  readonly after?: string;
  readonly limit: number;
}

/**
 * Durable memory of the guard. Keys and stream names are 1–512 printable characters without spaces; `/` separates
 * parts. Errors: `GUARD_STATE_CONFLICT` (nothing of the commit was applied), `GUARD_STATE_FENCED`,
 * `GUARD_STATE_UNAVAILABLE`, `GUARD_STATE_CLOSED`, `GUARD_STATE_KEY`.
 */
export interface StateStore extends Component {
  readonly supports: { readonly durable: boolean; readonly shared: boolean };
  /** Folder on this machine that holds the store, if one does; what the guard keeps for itself may lie in it. */
  readonly folder?: string;
  /** The store's own clock: leases, budgets and times to live are judged by it. */
  now(): Promise<EpochMs>;
  get(key: string): Promise<Versioned | undefined>;
  getBytes(key: string): Promise<Uint8Array | undefined>;
  /** Keys that begin with `prefix`, in order of their characters (binary values left out). */
  list(prefix: string, page: Page): Promise<readonly Versioned[]>;
  /** All or nothing. `partition` is the unit of fencing. */
  commit(partition: string, ops: readonly StoreOp[], options: CommitOptions): Promise<Versions>;
  /** Entries after `after` (0 = from the beginning), oldest first. */
  read(stream: string, after: number, limit: number): Promise<readonly StreamEntry[]>;
  /** Entries after `after`, and then each new one, until the call aborts. */
  tail(stream: string, after: number, call: Call): AsyncIterable<StreamEntry>;
}

export interface Lease {
  readonly name: string;
  /** Raised at every acquisition, for ever. */
  readonly fence: number;
  /** Aborts when the lease is lost or can no longer be proven. */
  readonly lost: AbortSignal;
  /**
   * Until when it can be proven, by the monotonic clock: a process that stood still may go on before `lost` can say so.
   * [until `lost` says otherwise]
   */
  readonly expiresAtMs?: Ms;
  /** Prolongs it by its time to live; `false` when it is lost. */
  renew(): Promise<boolean>;
  release(): Promise<void>;
}

/** Ownership with fencing tokens: the store's, or Kubernetes'. */
export interface Leases extends Component {
  /** The lease, or `undefined` while another holds it. */
  acquire(name: string, holder: string, ttlMs: Ms): Promise<Lease | undefined>;
}
