import type { Ms } from '../../model/index.ts';
import { forecast, type Forecast } from './forecast.ts';
import { type Buckets, SampleRing } from './sample-ring.ts';

/** Looks in a row that have to agree before something is foretold, and before it is taken back. */
const agreeToRaise = 3;
const agreeToClear = 6;
/** A fall by this share of the limit is a coming back, not noise. */
const fallShare = 0.1;

export interface TrendSettings {
  readonly limit: number;
  readonly windowMs: Ms;
  readonly withinMs: Ms;
  readonly minSamples: number;
  readonly z: number;
}

/** A trend as it is kept. */
export interface SavedTrend {
  readonly windowMs: Ms;
  readonly buckets: Buckets;
  readonly rising?: number;
  readonly cameBackFrom?: number;
  readonly fellAgoMs: readonly Ms[];
  readonly lastAgoMs: Ms;
  readonly agree: number;
  readonly disagree: number;
  readonly foretold?: Forecast;
}

/** One figure of one instance: its ring, where it came back from, and whether it is foretold to run out. */
export class MetricTrend {
  readonly #ring: SampleRing;
  readonly windowMs: Ms;
  #rising = -Infinity;
  #cameBackFrom = -Infinity;
  #fellMs: readonly Ms[] = [];
  #agree = 0;
  #disagree = 0;
  #foretold: Forecast | undefined;
  lastMs: Ms;

  constructor(windowMs: Ms, nowMs: Ms) {
    this.windowMs = windowMs;
    this.#ring = new SampleRing(windowMs, nowMs);
    this.lastMs = nowMs;
  }

  /** What is foretold; `undefined` while nothing is. */
  get foretold(): Forecast | undefined {
    return this.#foretold;
  }

  /** After this time without a figure nothing is held against it any more. */
  get staleMs(): Ms {
    return this.lastMs + Math.max(300_000, 10 * this.#ring.bucketMs);
  }

  /** Takes in a figure; returns whether it is time for a look, at most once a bucket. */
  add(value: number, nowMs: Ms, { limit }: TrendSettings): boolean {
    this.lastMs = nowMs;
    if (value < this.#rising - fallShare * limit) {
      this.#cameBackFrom = Math.max(this.#cameBackFrom, this.#rising);
      this.#fellMs = [...this.#fellMs.slice(-3), nowMs];
      this.#rising = value;
    } else this.#rising = Math.max(this.#rising, value);
    return this.#ring.add(value, nowMs);
  }

  /** Looks at the figures; returns whether what is foretold began, went on or ended. */
  look(nowMs: Ms, settings: TrendSettings): boolean {
    const since = nowMs - this.windowMs;
    const seen = forecast(this.#ring.complete(nowMs), {
      ...settings,
      bucketMs: this.#ring.bucketMs,
      cameBackFrom: this.#cameBackFrom,
      falls: this.#fellMs.filter((atMs) => atMs >= since).length,
    });
    this.#agree = seen ? this.#agree + 1 : 0;
    this.#disagree = seen ? 0 : this.#disagree + 1;
    const before = this.#foretold;
    if (seen && (before || this.#agree >= agreeToRaise)) this.#foretold = seen;
    else if (this.#disagree >= agreeToClear) this.#foretold = undefined;
    return before !== undefined || this.#foretold !== undefined;
  }

  /** What is worth keeping over a restart of the guard; times are ages. */
  save(nowMs: Ms): SavedTrend {
    const { at, lows, highs } = this.#ring.complete(nowMs);
    return {
      windowMs: this.windowMs,
      buckets: { at, lows, highs },
      // Nothing is less than every number in JSON.
      ...(this.#rising === -Infinity ? {} : { rising: this.#rising }),
      ...(this.#cameBackFrom === -Infinity ? {} : { cameBackFrom: this.#cameBackFrom }),
      fellAgoMs: this.#fellMs.map((atMs) => nowMs - atMs),
      lastAgoMs: nowMs - this.lastMs,
      agree: this.#agree,
      disagree: this.#disagree,
      ...(this.#foretold ? { foretold: this.#foretold } : {}),
    };
  }

  static load(saved: SavedTrend, savedMs: Ms): MetricTrend {
    const trend = new MetricTrend(saved.windowMs, savedMs);
    trend.#ring.restore(saved.buckets);
    trend.#rising = saved.rising ?? -Infinity;
    trend.#cameBackFrom = saved.cameBackFrom ?? -Infinity;
    trend.#fellMs = saved.fellAgoMs.map((agoMs) => savedMs - agoMs);
    trend.lastMs = savedMs - saved.lastAgoMs;
    trend.#agree = saved.agree;
    trend.#disagree = saved.disagree;
    trend.#foretold = saved.foretold;
    return trend;
  }

  /** No figure for too long: what was foretold says nothing of now. Returns whether that changed anything. */
  forget(nowMs: Ms): boolean {
    if (nowMs < this.staleMs || !this.#foretold) return false;
    this.#foretold = undefined;
    this.#agree = 0;
    return true;
  }
}
