import type { Clock, StateStore, StoreOp, Version, Versions } from '../contracts/index.ts';
import { isGuardError } from '../contracts/index.ts';
import type { AuditCheck, AuditDraft, AuditEntry, AuditHead, Json } from '../model/index.ts';
import { SerialQueue } from '../runtime/index.ts';
import { anchorOf, ChainCheck, emptyChain, headOf, linkAfter } from './audit-chain.ts';
import { keys } from './keys.ts';

/** Entries read at once. */
const pageSize = 500;
/** Times an entry is linked anew when another guard wrote into the chain at the same moment. */
const triesMax = 5;

/** The chain of what concerns the whole guard. */
export const guardChain = 'guard';

export function shardChain(shard: number): string {
  return `shard-${shard}`;
}

interface Head extends AuditHead {
  /** Of the stored head; absent when there is none yet. */
  readonly version?: Version;
}

export interface AuditLogOptions {
  readonly store: StateStore;
  readonly clock: Pick<Clock, 'now'>;
  /** Number of shards of the store. */
  shards(): number;
}

/**
 * The record of who did what: append-only, every entry with the hash of the one before. What happens to a shard is
 * written in the same commit as the thing itself; there is one chain per shard, and one for the guard. The end of each
 * chain is stored beside it, under compare-and-set, so that no two writers can fork it.
 */
export class AuditLog {
  readonly #o: AuditLogOptions;
  readonly #heads = new Map<string, Head>();
  readonly #queue = new SerialQueue({ name: 'The audit log', max: 100_000 });

  constructor(options: AuditLogOptions) {
    this.#o = options;
  }

  /** Reads where every chain ends. */
  async load(): Promise<void> {
    for (const chain of this.#chains()) await this.#headOf(chain);
  }

  /** The ends of the chains that have entries, as far as they were read. */
  heads(): readonly AuditHead[] {
    return [...this.#heads.values()].filter(({ seq }) => seq > 0).map(({ chain, seq, hash }) => ({ chain, seq, hash }));
  }

  status(): { readonly entries: number; readonly anchor: string } {
    const heads = this.heads();
    return { entries: heads.reduce((sum, { seq }) => sum + seq, 0), anchor: anchorOf(heads) };
  }

  /**
   * Writes entries together with what they record: `commit` gets the operations that belong to them. It is called again
   * when another writer came between, and by then nothing of it was applied.
   */
  write(
    chain: string,
    drafts: readonly AuditDraft[],
    commit: (ops: readonly StoreOp[]) => Promise<Versions>,
  ): Promise<Versions> {
    if (drafts.length === 0) return commit([]);
    return this.#queue.run(chain, async () => {
      for (let tries = 1; ; tries += 1) {
        const { ops, next } = this.#link(await this.#headOf(chain), drafts);
        try {
          const versions = await commit(ops);
          this.#heads.set(chain, { ...next, version: versions[headKey(chain)] as Version });
          return versions;
        } catch (thrown) {
          // Also when the outcome is not known: what is stored counts.
          this.#heads.delete(chain);
          if (tries >= triesMax || !isGuardError(thrown, 'GUARD_STATE_CONFLICT')) throw thrown;
          if (thrown.details['key'] !== headKey(chain)) throw thrown;
        }
      }
    });
  }

  /** Writes an entry about the guard as a whole, by itself. */
  async record(draft: AuditDraft): Promise<void> {
    const { store } = this.#o;
    await this.write(guardChain, [draft], (ops) => store.commit('guard', ops, { durability: 'sync' }));
  }

  /** Newest first. `after` is the `next` of the page before. */
  async list(
    limit: number,
    after?: string,
  ): Promise<{ readonly items: readonly AuditEntry[]; readonly next?: string }> {
    const from = after === undefined ? undefined : readCursor(after);
    const found: AuditEntry[] = [];
    for (const chain of this.#chains()) found.push(...(await this.#newest(chain, limit + 1, from)));
    found.sort((a, b) => compare(b, a));
    const items = found.slice(0, limit);
    const last = items.at(-1);
    return { items, ...(found.length > limit && last ? { next: `${last.at}.${last.chain}.${last.seq}` } : {}) };
  }

  /** Follows every chain from its start. `anchors`: ends that were noted earlier, to find what was cut off since. */
  async verify(anchors: readonly AuditHead[] = []): Promise<AuditCheck> {
    // What this guard wrote itself is known to have been there.
    const noted = [...anchors, ...this.heads()];
    const chains = [];
    for (const chain of this.#chains()) {
      const end = await this.#readHead(chain);
      const asked = noted.some((anchor) => anchor.chain === chain);
      if (end.seq === 0 && !asked) continue;
      const check = new ChainCheck(end, noted);
      for await (const value of this.#values(chain, 0)) if (!check.take(value)) break;
      const result = check.result();
      chains.push(result.broken ? result : { ...result, ...(await this.#stray(end)) });
    }
    return {
      ok: chains.every(({ broken }) => broken === undefined),
      entries: chains.reduce((sum, { seq }) => sum + seq, 0),
      anchor: anchorOf(chains),
      chains,
    };
  }

  /** An entry beyond the recorded end that no writer has put there meanwhile. */
  async #stray({ chain, seq }: AuditHead): Promise<Pick<AuditCheck['chains'][number], 'broken'>> {
    const [beyond] = await this.#o.store.read(streamOf(chain), seq, 1);
    if (!beyond || (await this.#readHead(chain)).seq !== seq) return {};
    return { broken: { seq: seq + 1, why: 'it stands behind the end of the chain: no guard has written it' } };
  }

  *#chains(): Iterable<string> {
    yield guardChain;
    for (let shard = 0; shard < this.#o.shards(); shard += 1) yield shardChain(shard);
  }

  #link(head: Head, drafts: readonly AuditDraft[]): { readonly ops: readonly StoreOp[]; readonly next: AuditHead } {
    const { version, ...before } = head;
    const at = this.#o.clock.now();
    const ops: StoreOp[] = [];
    let next: AuditHead = before;
    for (const draft of drafts) {
      const entry = linkAfter(next, draft, at);
      ops.push({ op: 'append', stream: streamOf(head.chain), value: entry as unknown as Json });
      next = headOf(entry);
    }
    const when = version === undefined ? 'absent' : { version };
    ops.push({ op: 'put', key: headKey(head.chain), value: { ...next }, when });
    return { ops, next };
  }

  async #headOf(chain: string): Promise<Head> {
    const known = this.#heads.get(chain);
    if (known) return known;
    const read = await this.#readHead(chain);
    this.#heads.set(chain, read);
    return read;
  }

  async #readHead(chain: string): Promise<Head> {
    const stored = await this.#o.store.get(headKey(chain));
    const head = stored?.value as unknown as Partial<AuditHead> | undefined;
    const version = stored && { version: stored.version };
    if (Number.isSafeInteger(head?.seq) && typeof head?.hash === 'string')
      return { chain, seq: head.seq as number, hash: head.hash, ...version };
    // Without it the chain goes on after its last entry; whether that fits, a check says.
    let last = emptyChain(chain);
    for await (const value of this.#values(chain, 0)) last = headOf(value as unknown as AuditEntry);
    return { ...last, chain, ...version };
  }

  async *#values(chain: string, after: number): AsyncIterable<Json> {
    let seq = after;
    for (;;) {
      const page = await this.#o.store.read(streamOf(chain), seq, pageSize);
      for (const entry of page) yield entry.value;
      const last = page.at(-1);
      if (!last || page.length < pageSize) return;
      seq = last.seq;
    }
  }

  /** The newest entries of a chain before a place, read from its end backwards. */
  async #newest(chain: string, limit: number, before: Cursor | undefined): Promise<readonly AuditEntry[]> {
    const { seq: end } = await this.#readHead(chain);
    const found: AuditEntry[] = [];
    for (let to = end; to > 0 && found.length < limit; to -= pageSize) {
      const from = Math.max(0, to - pageSize);
      const page = await this.#o.store.read(streamOf(chain), from, to - from);
      for (const { value } of page.toReversed()) {
        const entry = value as unknown as AuditEntry;
        if (!before || compare(entry, before) < 0) found.push(entry);
        if (found.length >= limit) break;
      }
    }
    return found;
  }
}

type Cursor = Pick<AuditEntry, 'at' | 'chain' | 'seq'>;

/** By time; of the same moment by chain and place. */
function compare(a: Cursor, b: Cursor): number {
  if (a.at !== b.at) return a.at - b.at;
  return a.chain === b.chain ? a.seq - b.seq : a.chain < b.chain ? -1 : 1;
}

function readCursor(text: string): Cursor {
  const [at, chain = '', seq] = text.split('.');
  return { at: Number(at) || 0, chain, seq: Number(seq) || 0 };
}

function streamOf(chain: string): string {
  return `${placeOf(chain)}/audit`;
}

function headKey(chain: string): string {
  return `${placeOf(chain)}/audit-head`;
}

/** A shard's chain lies in its partition, so that one commit covers it and what it records. */
function placeOf(chain: string): string {
  return chain === guardChain ? 'guard' : keys.partition(Number(chain.slice('shard-'.length)));
}
