import { DDSketch } from '@datadog/sketches-js';
import type { MeasuredLatency, Ms } from '../../model/index.ts';

/** Relative error of a quantile at most (DDSketch, Masson et al. 2019). */
const relativeAccuracy = 0.01;
/** Half of the time that is looked back at; two sketches take turns. */
const turnMs: Ms = 1_800_000;
/** Fewer samples than this say nothing of a 99th percentile. */
const samplesMin = 100;

/**
 * Quantiles of the latencies the guard measures itself, over the last 30 to 60 min, with a relative error of at most
 * 1 %. Two sketches take turns, 2.2 kB each while the latencies lie within a factor of ten. What agents report of
 * themselves are percentiles already and never go in here: percentiles cannot be merged.
 */
export class LatencySketch {
  #current = new DDSketch({ relativeAccuracy });
  #former: DDSketch | undefined;
  #turn: number | undefined;

  add(latencyMs: Ms, nowMs: Ms): void {
    this.#turnTo(nowMs);
    this.#current.accept(latencyMs);
  }

  /** `undefined` while too little was measured. */
  figures(nowMs: Ms): MeasuredLatency | undefined {
    this.#turnTo(nowMs);
    const both = new DDSketch({ relativeAccuracy });
    both.merge(this.#current);
    if (this.#former) both.merge(this.#former);
    if (both.count < samplesMin) return undefined;
    return {
      p95Ms: both.getValueAtQuantile(0.95),
      p99Ms: both.getValueAtQuantile(0.99),
      samples: both.count,
      overMs: turnMs,
      error: relativeAccuracy,
    };
  }

  #turnTo(nowMs: Ms): void {
    const turn = Math.floor(nowMs / turnMs);
    this.#turn ??= turn;
    if (turn === this.#turn) return;
    this.#former = turn === this.#turn + 1 && this.#current.count > 0 ? this.#current : undefined;
    this.#current = new DDSketch({ relativeAccuracy });
    this.#turn = turn;
  }
}
