import { wildcard } from './mask.ts';

export interface DrainOptions {
  /** Share of equal words from which a line belongs to a pattern. [0.4] Higher: more patterns, each narrower. */
  readonly similarity?: number;
  /** Different first words kept apart for lines of one length; the rest share a node. [100] */
  readonly childrenMax?: number;
  /** Patterns kept; the one that was not seen for longest goes. [1024] */
  readonly patternsMax?: number;
}

/** What lines that tell the same have in common. */
export interface Pattern {
  readonly id: number;
  /** Words, `<*>` where they differ. Grows more general as lines come. */
  words: readonly string[];
  readonly firstSeenMs: number;
}

/**
 * Online mining of log patterns after Drain (He et al., "Drain: An Online Log Parsing Approach with Fixed Depth Tree",
 * ICWS 2017), tree of depth 4: root, number of words, first word, patterns. A line joins the most similar pattern of its
 * leaf, similarity being the share of words that are equal at the same place; where they are not, the pattern gets a
 * wildcard.
 */
export class Drain {
  readonly #similarity: number;
  readonly #childrenMax: number;
  readonly #patternsMax: number;
  /** Number of words → first word → patterns. */
  readonly #tree = new Map<number, Map<string, Leaf>>();
  /** Every pattern with its leaf, the one longest unseen first. */
  readonly #patterns = new Map<number, { readonly pattern: Pattern; readonly leaf: Leaf }>();
  #made = 0;

  constructor({ similarity = 0.4, childrenMax = 100, patternsMax = 1_024 }: DrainOptions = {}) {
    this.#similarity = similarity;
    this.#childrenMax = childrenMax;
    this.#patternsMax = patternsMax;
  }

  get size(): number {
    return this.#patterns.size;
  }

  /** The pattern of a line, made when there is none like it. */
  add(words: readonly string[], nowMs: number): Pattern {
    const leaf = this.#leafOf(words);
    const known = this.#mostSimilar(leaf, words);
    if (known) {
      known.words = merged(known.words, words);
      this.#patterns.delete(known.id);
      this.#patterns.set(known.id, { pattern: known, leaf });
      return known;
    }
    const pattern: Pattern = { id: (this.#made += 1), words, firstSeenMs: nowMs };
    leaf.add(pattern);
    this.#patterns.set(pattern.id, { pattern, leaf });
    if (this.#patterns.size > this.#patternsMax) this.#forgetOldest();
    return pattern;
  }

  pattern(id: number): Pattern | undefined {
    return this.#patterns.get(id)?.pattern;
  }

  #leafOf(words: readonly string[]): Leaf {
    const byFirst = this.#tree.get(words.length) ?? new Map<string, Leaf>();
    this.#tree.set(words.length, byFirst);
    // What holds a value differs from line to line and cannot lead to its pattern.
    const first = words[0] ?? '';
    const wanted = /[<\d]/.test(first) ? wildcard : first;
    const name = byFirst.has(wanted) || byFirst.size < this.#childrenMax ? wanted : wildcard;
    const leaf = byFirst.get(name) ?? new Set<Pattern>();
    byFirst.set(name, leaf);
    return leaf;
  }

  #mostSimilar(leaf: Leaf, words: readonly string[]): Pattern | undefined {
    let best: Pattern | undefined;
    let bestShare = -1;
    for (const pattern of leaf) {
      const share = similarity(pattern.words, words);
      if (share < this.#similarity || share <= bestShare) continue;
      best = pattern;
      bestShare = share;
    }
    return best;
  }

  #forgetOldest(): void {
    const [oldest] = this.#patterns;
    if (!oldest) return;
    const [id, { pattern, leaf }] = oldest;
    this.#patterns.delete(id);
    leaf.delete(pattern);
    if (leaf.size > 0) return;
    const byFirst = this.#tree.get(pattern.words.length);
    for (const [name, other] of byFirst ?? []) if (other === leaf) byFirst?.delete(name);
    if (byFirst?.size === 0) this.#tree.delete(pattern.words.length);
  }
}

type Leaf = Set<Pattern>;

function similarity(pattern: readonly string[], words: readonly string[]): number {
  if (words.length === 0) return 1;
  let equal = 0;
  for (let at = 0; at < words.length; at += 1) if (pattern[at] === words[at]) equal += 1;
  return equal / words.length;
}

/** The same array while nothing differs: the usual line changes nothing. */
function merged(pattern: readonly string[], words: readonly string[]): readonly string[] {
  const differs = pattern.some((word, at) => word !== words[at] && word !== wildcard);
  return differs ? pattern.map((word, at) => (word === words[at] ? word : wildcard)) : pattern;
}

/** A pattern as it may stand in a signature: its words, without values. */
export function slugOf(words: readonly string[]): string {
  return words
    .map((word) => word.replaceAll(/<[^<>]*>/g, ' '))
    .join(' ')
    .replaceAll(/[^A-Za-z]+/g, '-')
    .replace(/^-|-$/g, '')
    .toLowerCase()
    .slice(0, 60)
    .replace(/-$/, '');
}
