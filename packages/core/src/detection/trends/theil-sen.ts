/** A robust line through figures over time. Slopes are per unit of `at`. */
export interface Line {
  /** Median of the slopes of all pairs. */
  readonly slope: number;
  /** Bounds of the slope at the confidence asked for. */
  readonly lowerSlope: number;
  readonly upperSlope: number;
  /** The line's value where `at` is 0. */
  readonly base: number;
}

/**
 * The Theil–Sen line: the median of the slopes of all pairs of points, which up to 29 % of outliers do not move. Its
 * confidence interval is Sen's, by the ranks of the slopes: with N pairs and Kendall's S of variance
 * `n (n − 1)(2n + 5) / 18`, the bounds are the slopes of rank `(N ∓ z · √var S) / 2`. Neighbouring figures of a real
 * process resemble each other; the variance is multiplied by `(1 + r) / (1 − r)` with r the correlation of neighbours
 * around the line (Yue & Wang), without which every collection of garbage would be a trend.
 *
 * H. Theil, Proc. Kon. Ned. Akad. v. Wetensch. A53 (1950); P. K. Sen, J. Am. Stat. Assoc. 63 (1968) 1379–1389;
 * S. Yue, C. Y. Wang, Water Resour. Manage. 18 (2004) 201–218.
 *
 * @param z quantile of the normal distribution that belongs to the confidence.
 * @returns `undefined` with fewer than three points, or when the figures are too alike each other to say anything.
 */
export function theilSen(at: readonly number[], values: readonly number[], z: number): Line | undefined {
  const n = values.length;
  if (n < 3) return undefined;
  const slopes = new Float64Array((n * (n - 1)) / 2);
  let count = 0;
  for (let i = 0; i < n; i += 1) {
    for (let j = i + 1; j < n; j += 1) {
      slopes[count] = ((values[j] as number) - (values[i] as number)) / ((at[j] as number) - (at[i] as number));
      count += 1;
    }
  }
  slopes.sort();
  const slope = medianOf(slopes);
  const around = Float64Array.from(values, (value, index) => value - slope * (at[index] as number));
  const base = medianOf(around.slice().sort());
  const rounding = roundingShare * values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  const half = (z * Math.sqrt(((n * (n - 1) * (2 * n + 5)) / 18) * inflation(around, base, rounding))) / 2;
  const lowest = Math.floor(count / 2 - half);
  const highest = Math.ceil(count / 2 + half);
  if (lowest < 0 || highest > count - 1) return undefined;
  return { slope, lowerSlope: slopes[lowest] as number, upperSlope: slopes[highest] as number, base };
}

/** Differences below this share of the figures come from how they are stored, and say nothing. */
const roundingShare = 1e-6;

/** How much less the figures say than as many independent ones. */
function inflation(around: Float64Array, base: number, rounding: number): number {
  let variance = 0;
  let together = 0;
  for (let i = 0; i < around.length; i += 1) {
    const here = (around[i] as number) - base;
    variance += here * here;
    if (i > 0) together += here * ((around[i - 1] as number) - base);
  }
  if (variance <= around.length * rounding * rounding) return 1;
  const correlation = Math.min(0.98, together / variance);
  return correlation > 0 ? (1 + correlation) / (1 - correlation) : 1;
}

function medianOf(sorted: Float64Array): number {
  const middle = sorted.length >> 1;
  const upper = sorted[middle] as number;
  return sorted.length % 2 === 1 ? upper : ((sorted[middle - 1] as number) + upper) / 2;
}

/**
 * The z of a two-sided confidence, for instance 2.576 for 0.99; off by at most 4.5e-4.
 * M. Abramowitz, I. A. Stegun, Handbook of Mathematical Functions, 26.2.23.
 */
export function normalQuantile(confidence: number): number {
  const t = Math.sqrt(-2 * Math.log((1 - confidence) / 2));
  const above = 2.515517 + t * (0.802853 + t * 0.010328);
  return t - above / (1 + t * (1.432788 + t * (0.189269 + t * 0.001308)));
}
