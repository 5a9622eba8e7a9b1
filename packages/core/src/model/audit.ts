import type { JsonObject } from './json.ts';
import type { EpochMs } from './units.ts';

/** One line of the audit log: who did what, and the hash that ties it to the line before. */
export interface AuditEntry {
  /** Which chain it belongs to: `guard`, or `shard-<n>`. Each is hashed by itself. */
  readonly chain: string;
  /** Counts up by one from 1. */
  readonly seq: number;
  readonly at: EpochMs;
  /** A person, or `guard`. */
  readonly actor: string;
  /** `approve`, `reject`, `hold`, `step` … */
  readonly action: string;
  /** Id of the incident, agent, hold or guard it is about. */
  readonly subject: string;
  readonly data?: JsonObject;
  /** Hash of the entry before; empty for the first. */
  readonly prevHash: string;
  /** SHA-256 of the canonical JSON of everything else, in hex. */
  readonly hash: string;
}

/** What is to be written down; place, time and hashes are the log's. */
export type AuditDraft = Pick<AuditEntry, 'actor' | 'action' | 'subject' | 'data'>;

/** The end of a chain. Kept elsewhere, it shows whether the chain was cut off or rewritten since. */
export interface AuditHead {
  readonly chain: string;
  readonly seq: number;
  readonly hash: string;
}

/** What a check of one chain found. */
export interface AuditChainCheck extends AuditHead {
  /** The first entry that does not fit. */
  readonly broken?: { readonly seq: number; readonly why: string };
}

/** What a check of the whole log found. */
export interface AuditCheck {
  readonly ok: boolean;
  readonly entries: number;
  /** One hash over the ends of all chains. */
  readonly anchor: string;
  readonly chains: readonly AuditChainCheck[];
}
