import type { Ms } from '../../model/index.ts';

const bucketCount = 6;
/** Patterns told apart in one bucket; the rest are counted together. */
const patternsMax = 8;
/** Share of the newest window in the usual number of errors. */
const forgetting = 0.1;

/** Counted together with other patterns. */
export const otherPatterns = 0;

interface Bucket {
  /** Which stretch of time it counts: monotonic time divided by the bucket's width, whole. */
  readonly index: number;
  readonly counts: Map<number, number>;
}

/** The errors of one agent in a sliding window, by pattern, and how many are usual for it. Memory is bounded. */
export class ErrorWindow {
  readonly #bucketMs: Ms;
  #buckets: readonly Bucket[] = [];
  /** Errors of the window that is being summed up for the usual number. */
  #passing = { index: 0, errors: 0 };
  #usual = 0;
  #windows = 0;

  constructor(windowMs: Ms, nowMs: Ms) {
    this.#bucketMs = windowMs / bucketCount;
    this.#passing.index = this.#windowOf(nowMs);
  }

  /** Mean number of errors in a window, exponentially forgetting; `undefined` before ten windows were seen. */
  get usual(): number | undefined {
    return this.#windows < 10 ? undefined : this.#usual;
  }

  /** Nothing is in the window, and next to nothing is usual. */
  get isForgettable(): boolean {
    return this.#buckets.length === 0 && this.#usual < 0.01;
  }

  /** When the oldest errors leave the window; of an empty one, when the usual number has become another. */
  changesAtMs(nowMs: Ms): Ms {
    const first = this.#buckets[0];
    return first ? (first.index + bucketCount) * this.#bucketMs : nowMs + 10 * bucketCount * this.#bucketMs;
  }

  /** Forgets the errors of the window, and not what is usual. */
  clear(): void {
    this.#buckets = [];
  }

  count(pattern: number, errors: number, atMs: Ms): void {
    this.#passTo(atMs);
    this.#passing.errors += errors;
    const index = Math.floor(atMs / this.#bucketMs);
    let bucket = this.#buckets.at(-1);
    if (bucket?.index !== index) {
      bucket = { index, counts: new Map() };
      this.#buckets = [...this.#buckets, bucket].slice(-bucketCount);
    }
    const { counts } = bucket;
    const known = counts.has(pattern) || counts.size < patternsMax ? pattern : otherPatterns;
    counts.set(known, (counts.get(known) ?? 0) + errors);
  }

  /** Errors in the window that ends now, by pattern. */
  totals(nowMs: Ms): ReadonlyMap<number, number> {
    this.#passTo(nowMs);
    const oldest = Math.floor(nowMs / this.#bucketMs) - bucketCount + 1;
    this.#buckets = this.#buckets.filter(({ index }) => index >= oldest);
    const all = new Map<number, number>();
    for (const { counts } of this.#buckets)
      for (const [pattern, errors] of counts) all.set(pattern, (all.get(pattern) ?? 0) + errors);
    return all;
  }

  /** Closes the windows that are over. */
  #passTo(atMs: Ms): void {
    const index = this.#windowOf(atMs);
    const passed = index - this.#passing.index;
    if (passed <= 0) return;
    this.#usual += forgetting * (this.#passing.errors - this.#usual);
    this.#usual *= (1 - forgetting) ** (passed - 1);
    this.#windows += passed;
    this.#passing = { index, errors: 0 };
  }

  #windowOf(atMs: Ms): number {
    return Math.floor(atMs / (this.#bucketMs * bucketCount));
  }
}
