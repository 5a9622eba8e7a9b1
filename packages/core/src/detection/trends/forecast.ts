import type { Ms } from '../../model/index.ts';
import { type Buckets, bucketsMax } from './sample-ring.ts';
import { type Line, theilSen } from './theil-sen.ts';

/** Growth over the window below this share of the limit is too little to foretell anything from. */
const leastGrowth = 0.02;
/** A figure that fell back has to be above where it fell from by this share of the limit before it is said to run out. */
const beyondPeak = 0.02;
/** Of the highest figures, how far above the line: this share of them lies lower. */
const peakShare = 0.9;
/** Points of the coarse look, each the lowest of many samples: it sees the floor under slow collections of garbage. */
const coarsePoints = 12;
/** That many times it has to have come back within the window before the coarse look alone suffices. */
const leastFalls = 4;
const leastZ = 0.5;

export interface ForecastQuestion {
  readonly limit: number;
  readonly withinMs: Ms;
  readonly bucketMs: Ms;
  readonly minSamples: number;
  /** Quantile of the confidence. */
  readonly z: number;
  /** The highest figure from which it came back by itself; -Infinity when it never did. */
  readonly cameBackFrom: number;
  /** How often it came back within the window. */
  readonly falls: number;
}

/** When a figure reaches its limit, if it goes on. Slopes are per millisecond; times are from now. */
export interface Forecast {
  readonly slope: number;
  readonly lowerSlope: number;
  readonly timeToLimitMs: Ms;
  /** At the upper bound of the slope, and at the lower. */
  readonly atLeastMs: Ms;
  readonly atMostMs: Ms;
  readonly samples: number;
}

/**
 * Whether a figure will confidently reach its limit within the time: even at the lower bound of its slope, and no
 * further ahead than it was seen to rise. Looks at the lowest figures, because collections of garbage move the highest,
 * and counts from the highest, because it is they that reach the limit. Looks at the newer part alone, for what began
 * lately, and at all of it, for what is slow.
 */
export function forecast(all: Buckets, question: ForecastQuestion): Forecast | undefined {
  const { minSamples, limit } = question;
  const samples = all.lows.length;
  // Beyond its limit already and alive: the limit is not one.
  if (samples < minSamples || (all.lows.at(-1) as number) >= limit) return undefined;
  const newer = samples >= 2 * minSamples ? [since(all, samples - minSamples)] : [];
  for (const buckets of [...newer, all]) {
    const spanMs = -(buckets.at[0] as number) * question.bucketMs;
    const seen = look(buckets, { ...question, withinMs: Math.min(question.withinMs, spanMs) });
    if (seen) return { ...seen, samples: buckets.lows.length };
  }
  return undefined;
}

function look(buckets: Buckets, question: ForecastQuestion): Omit<Forecast, 'samples'> | undefined {
  if (!mayReach(buckets, question)) return undefined;
  const { minSamples, limit, falls, cameBackFrom, z } = question;
  const samples = buckets.lows.length;
  const fine = Math.max(1, Math.floor(samples / minSamples));
  const coarse = samples >= bucketsMax / 2 ? Math.floor(samples / coarsePoints) : 0;
  for (const per of coarse > fine ? [fine, coarse] : [fine]) {
    // One rise in sight, below where it came back from before: it will most likely come back again.
    const manyTeeth = per === coarse && falls >= leastFalls;
    if (!manyTeeth && recentHigh(buckets) <= cameBackFrom + beyondPeak * limit) continue;
    const { at, values } = lowest(buckets, per);
    const line = theilSen(at, values, z);
    const seen = line && along(line, buckets, question);
    if (seen && !slackens(at, values, seen.timeToLimitMs * seen.slope, question)) return seen;
  }
  return undefined;
}

function since({ at, lows, highs }: Buckets, from: number): Buckets {
  return { at: at.slice(from), lows: lows.slice(from), highs: highs.slice(from) };
}

/** A cheap look that saves the dear one: whether the whole rise of the window, twice as fast, would matter at all. */
function mayReach({ at, lows, highs }: Buckets, { limit, withinMs, bucketMs }: ForecastQuestion): boolean {
  const third = Math.max(1, Math.floor(lows.length / 3));
  const early = mean(lows, 0, third);
  const late = mean(lows, lows.length - third, lows.length);
  const spanMs = (mean(at, at.length - third, at.length) - mean(at, 0, third)) * bucketMs;
  const highest = highs.reduce((a, b) => Math.max(a, b), 0);
  return late > early && ((2 * (late - early)) / spanMs) * withinMs >= limit - highest;
}

function along(
  { slope, lowerSlope, upperSlope, base }: Line,
  { at, highs }: Buckets,
  { limit, withinMs, bucketMs }: ForecastQuestion,
): Omit<Forecast, 'samples'> | undefined {
  const spanOf = -(at[0] as number);
  if (lowerSlope * spanOf < leastGrowth * limit) return undefined;
  const above = highs.map((high, index) => high - base - slope * (at[index] as number)).toSorted((a, b) => a - b);
  const level = base + Math.max(0, above[Math.floor(peakShare * (above.length - 1))] as number);
  const left = Math.max(0, limit - level);
  const timeAt = (of: number): Ms => (left / of) * bucketMs;
  if (timeAt(lowerSlope) > withinMs) return undefined;
  return {
    slope: slope / bucketMs,
    lowerSlope: lowerSlope / bucketMs,
    timeToLimitMs: timeAt(slope),
    atLeastMs: timeAt(upperSlope),
    atMostMs: timeAt(lowerSlope),
  };
}

/** A rise that levels off, as of a cache that fills: the newer half alone would not get there in time. */
function slackens(
  at: readonly number[],
  values: readonly number[],
  left: number,
  { withinMs, bucketMs }: ForecastQuestion,
): boolean {
  const half = at.length >> 1;
  // For the newer half only its slope counts, not its bounds.
  const newer = theilSen(at.slice(half), values.slice(half), leastZ);
  return !newer || newer.slope * (withinMs / bucketMs) < left;
}

function recentHigh({ highs }: Buckets): number {
  return highs.slice(-Math.max(3, highs.length >> 4)).reduce((a, b) => Math.max(a, b), -Infinity);
}

/** The lowest figure of every `per` buckets that follow each other. */
function lowest(
  { at, lows }: Buckets,
  per: number,
): { readonly at: readonly number[]; readonly values: readonly number[] } {
  const chosen: number[] = [];
  for (let from = lows.length % per; from < lows.length; from += per) {
    let best = from;
    for (let index = from + 1; index < from + per; index += 1)
      if ((lows[index] as number) < (lows[best] as number)) best = index;
    chosen.push(best);
  }
  return { at: chosen.map((index) => at[index] as number), values: chosen.map((index) => lows[index] as number) };
}

function mean(values: readonly number[], from: number, to: number): number {
  let sum = 0;
  for (let index = from; index < to; index += 1) sum += values[index] as number;
  return sum / (to - from);
}
