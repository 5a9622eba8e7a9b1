import type { Logger } from '../contracts/call.ts';
import type { StateStore, StoreOp } from '../contracts/state-store.ts';
import type { GroupId, Json, LedgerEntry } from '../model/index.ts';
import type { LedgerRecord } from './record.ts';
import type { Tallies, Tally } from './ranking.ts';
import { counted, rankedRungs } from './ranking.ts';

/** Signatures kept per group; the one that came up least lately goes first. */
const signaturesMax = 200;
/** Groups kept in memory; the one unused for longest goes first. */
const groupsMax = 1_000;

type Book = ReadonlyMap<string, Tallies>;

export interface RankingDeps {
  readonly store: StateStore;
  readonly log: Logger;
  /** Where the tallies of a group lie in the store. */
  keyOf(group: GroupId): string;
}

/**
 * Which rung healed which failure, over all agents of a group: they do the same job, so what heals one heals another.
 * A tally is written in the same commit as the outcome it counts (`opsFor`), and then told to the memory (`remember`).
 */
export class RankingBook {
  readonly #deps: RankingDeps;
  /** In order of use, the oldest first. */
  readonly #books = new Map<GroupId, Book>();

  constructor(deps: RankingDeps) {
    this.#deps = deps;
  }

  /** Reads a group into memory; what is damaged is passed over. */
  async load(group: GroupId): Promise<void> {
    if (this.#books.has(group)) return;
    const found = await this.#deps.store.get(this.#deps.keyOf(group));
    if (!this.#books.has(group)) this.#keep(group, found ? this.#read(group, found.value) : new Map());
  }

  /** What is known of a failure; nothing until the group was loaded. */
  talliesOf(group: GroupId, signature: string): Tallies {
    return this.#books.get(group)?.get(signature) ?? {};
  }

  /** What has to be committed for an outcome to be learned. */
  opsFor(group: GroupId, record: LedgerRecord): readonly StoreOp[] {
    const book = this.#after(group, record);
    if (!book) return [];
    return [{ op: 'put', key: this.#deps.keyOf(group), value: toJson(book), when: 'any' }];
  }

  /** Takes a committed outcome into memory. */
  remember(group: GroupId, record: LedgerRecord): void {
    const book = this.#after(group, record);
    if (book) this.#keep(group, book);
  }

  #after(group: GroupId, record: LedgerRecord): Book | undefined {
    const before = this.#books.get(group);
    if (!before || record.type !== 'attempt' || !isOutcome(record)) return undefined;
    const { signature, rung, verdict, at } = record;
    const book = new Map(before);
    // Put at the end: the order is that of the last use.
    book.delete(signature);
    book.set(signature, counted(before.get(signature) ?? {}, rung, verdict, at));
    for (const oldest of book.keys()) {
      if (book.size <= signaturesMax) break;
      book.delete(oldest);
    }
    return book;
  }

  #keep(group: GroupId, book: Book): void {
    this.#books.delete(group);
    this.#books.set(group, book);
    if (this.#books.size <= groupsMax) return;
    const [oldest] = this.#books.keys();
    if (oldest !== undefined) this.#books.delete(oldest);
  }

  #read(group: GroupId, value: Json): Book {
    const book = new Map<string, Tallies>();
    const list = Array.isArray(value) ? value : [];
    for (const item of list) {
      const tallies = isObject(item) ? readTallies(item) : undefined;
      if (tallies && isObject(item) && typeof item['signature'] === 'string') book.set(item['signature'], tallies);
      else this.#deps.log.warn({ group }, 'a tally of what worked before is damaged and was passed over');
    }
    return book;
  }
}

type Outcome = LedgerEntry & { readonly rung: (typeof rankedRungs)[number]; readonly verdict: 'healed' | 'failed' };

function isOutcome(record: LedgerEntry): record is Outcome {
  return (record.verdict === 'healed' || record.verdict === 'failed') && record.rung !== 'escalate';
}

function toJson(book: Book): Json {
  return [...book].map(([signature, tallies]) => ({
    signature,
    ...Object.fromEntries(Object.entries(tallies).map(([rung, tally]) => [rung, { ...tally }])),
  }));
}

function readTallies(item: { readonly [key: string]: Json }): Tallies | undefined {
  const tallies: { [R in (typeof rankedRungs)[number]]?: Tally } = {};
  for (const rung of rankedRungs) {
    const value = item[rung];
    if (value === undefined) continue;
    const { healed, failed, at } = isObject(value) ? value : {};
    if (!isCount(healed) || !isCount(failed) || !isCount(at)) return undefined;
    tallies[rung] = { healed, failed, at };
  }
  return tallies;
}

const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value) && value >= 0;

function isObject(value: unknown): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
