import type { Ms } from '../../model/index.ts';

/** Buckets of a ring: the window has this many, and no agent costs more however often it reports. */
export const bucketsMax = 120;

/** Buckets of a ring, oldest first; those without a sample are left out, since missing is not zero. */
export interface Buckets {
  /** Number of the bucket, counted from the newest (0, −1, …). */
  readonly at: readonly number[];
  readonly lows: readonly number[];
  readonly highs: readonly number[];
}

/**
 * The figures of one window, thinned to the lowest and the highest of each bucket: what is left after a collection of
 * garbage, and how far it goes between two.
 */
export class SampleRing {
  readonly bucketMs: Ms;
  readonly #lows = new Float32Array(bucketsMax).fill(Number.NaN);
  readonly #highs = new Float32Array(bucketsMax).fill(Number.NaN);
  #newest: number;

  constructor(windowMs: Ms, nowMs: Ms) {
    this.bucketMs = windowMs / bucketsMax;
    this.#newest = Math.floor(nowMs / this.bucketMs);
  }

  /** Takes in a figure; returns whether it began a new bucket, so that the one before is complete. */
  add(value: number, nowMs: Ms): boolean {
    const bucket = Math.floor(nowMs / this.bucketMs);
    const begins = bucket > this.#newest;
    if (begins) this.#advance(bucket);
    const place = placeOf(this.#newest);
    const low = this.#lows[place] as number;
    const high = this.#highs[place] as number;
    // A place without a sample is not a number, and every comparison with it is false.
    this.#lows[place] = low <= value ? low : value;
    this.#highs[place] = high >= value ? high : value;
    return begins;
  }

  /** All buckets but the present one, which is not complete. */
  complete(nowMs: Ms): Buckets {
    const present = Math.floor(nowMs / this.bucketMs);
    if (present > this.#newest) this.#advance(present);
    const at: number[] = [];
    const lows: number[] = [];
    const highs: number[] = [];
    for (let back = bucketsMax - 1; back > 0; back -= 1) {
      const place = placeOf(this.#newest - back);
      const low = this.#lows[place] as number;
      if (Number.isNaN(low)) continue;
      at.push(-back);
      lows.push(low);
      highs.push(this.#highs[place] as number);
    }
    return { at, lows, highs };
  }

  /** Takes back what `complete` gave at the time the ring was made for. */
  restore({ at, lows, highs }: Buckets): void {
    for (const [index, back] of at.entries()) {
      const place = placeOf(this.#newest + back);
      this.#lows[place] = lows[index] as number;
      this.#highs[place] = highs[index] as number;
    }
  }

  #advance(bucket: number): void {
    const steps = Math.min(bucketsMax, bucket - this.#newest);
    this.#newest = bucket;
    for (let back = 0; back < steps; back += 1) {
      const place = placeOf(bucket - back);
      this.#lows[place] = Number.NaN;
      this.#highs[place] = Number.NaN;
    }
  }
}

/** Buckets of before the start of the clock have numbers below zero. */
function placeOf(bucket: number): number {
  return ((bucket % bucketsMax) + bucketsMax) % bucketsMax;
}
