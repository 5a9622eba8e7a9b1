import { createHash } from 'node:crypto';
import type { AuditChainCheck, AuditDraft, AuditEntry, AuditHead, EpochMs, Json } from '../model/index.ts';
import { canonicalJson } from '../model/index.ts';

/** The next entry of a chain. */
export function linkAfter(head: AuditHead, draft: AuditDraft, at: EpochMs): AuditEntry {
  const { actor, action, subject, data } = draft;
  const open = {
    chain: head.chain,
    seq: head.seq + 1,
    at,
    actor,
    action,
    subject,
    ...(data === undefined ? {} : { data }),
    prevHash: head.hash,
  };
  return { ...open, hash: hashOf(open) };
}

/** The start of a chain. */
export function emptyChain(chain: string): AuditHead {
  return { chain, seq: 0, hash: '' };
}

export function headOf({ chain, seq, hash }: AuditEntry): AuditHead {
  return { chain, seq, hash };
}

/** One hash over the ends of all chains, in the order of their names. */
export function anchorOf(heads: readonly AuditHead[]): string {
  const ends = heads
    .filter(({ seq }) => seq > 0)
    .map(({ chain, seq, hash }) => [chain, seq, hash])
    .sort(([a = ''], [b = '']) => (a < b ? -1 : 1));
  return createHash('sha256').update(canonicalJson(ends)).digest('hex');
}

/** Follows a chain entry by entry, from its start to the end that is recorded, and stops at the first that does not fit. */
export class ChainCheck {
  readonly #end: AuditHead;
  readonly #known: ReadonlyMap<number, string>;
  #head: AuditHead;
  #broken: AuditChainCheck['broken'];

  /** @param anchors ends of the chain that were noted earlier. */
  constructor(end: AuditHead, anchors: readonly AuditHead[]) {
    this.#end = end;
    this.#head = emptyChain(end.chain);
    this.#known = new Map(
      anchors.filter(({ chain }) => chain === end.chain).map(({ seq, hash }) => [seq, hash] as const),
    );
  }

  /** Takes the next stored value. `false`: nothing more has to be looked at. */
  take(value: Json): boolean {
    const seq = this.#head.seq + 1;
    const why = this.#problem(value, seq);
    if (why !== undefined) {
      this.#broken = { seq, why };
      return false;
    }
    this.#head = headOf(value as unknown as AuditEntry);
    return seq < this.#end.seq;
  }

  /** The finding, when all stored entries were taken. */
  result(): AuditChainCheck {
    const { chain, seq, hash } = this.#head;
    return { chain, seq, hash, ...this.#fault() };
  }

  #fault(): { readonly broken: { readonly seq: number; readonly why: string } } | undefined {
    if (this.#broken) return { broken: this.#broken };
    const { seq, hash } = this.#head;
    if (seq < this.#end.seq) return { broken: { seq: seq + 1, why: `it is missing; ${this.#end.seq} were written` } };
    if (hash !== this.#end.hash) return { broken: { seq, why: 'it is not the one that was written last' } };
    const last = Math.max(0, ...this.#known.keys());
    return last > seq ? { broken: { seq: seq + 1, why: `it is missing; the anchor names entry ${last}` } } : undefined;
  }

  #problem(value: Json, seq: number): string | undefined {
    const entry = value as unknown as Partial<AuditEntry> | null;
    if (entry === null || typeof entry !== 'object' || Array.isArray(entry)) return 'it is not an entry';
    if (entry.seq !== seq) return `entry ${String(entry.seq)} stands in its place`;
    if (entry.prevHash !== this.#head.hash) return 'it does not follow the entry before';
    const { hash, ...open } = entry;
    if (hash !== hashOf(open) || entry.chain !== this.#end.chain) return 'it was changed: its hash does not match';
    const anchor = this.#known.get(seq);
    return anchor !== undefined && anchor !== hash ? 'it is not the one the anchor names' : undefined;
  }
}

function hashOf(open: object): string {
  return createHash('sha256').update(canonicalJson(open)).digest('hex');
}
