import { type AnomalyModel, guardError, messageOf } from '../contracts/index.ts';
import type { Json } from '../model/index.ts';

interface Fitted {
  readonly means: readonly number[];
  readonly deviations: readonly number[];
}

/** Deviations smaller than this share of the mean are noise of the figures themselves. */
const leastDeviation = 1e-3;

/**
 * A small real model: a row is as unusual as its most unusual figure, measured in standard deviations z of the rows it
 * was fitted on. Score = z² / (z² + 9): 0.5 at three deviations. Missing figures (NaN) are left out.
 */
export class FakeAnomalyModel implements AnomalyModel {
  readonly features: readonly string[];
  #fitted: Fitted | undefined;

  constructor(features: readonly string[] = ['latency', 'error_rate', 'cpu', 'memory']) {
    this.features = features;
  }

  fit(rows: Float64Array): void {
    const columns = this.features.map((_, feature) => this.#column(rows, feature));
    const means = columns.map((column) => sum(column) / Math.max(1, column.length));
    const deviations = columns.map((column, at) => {
      const mean = means[at] as number;
      const spread = Math.sqrt(sum(column.map((value) => (value - mean) ** 2)) / Math.max(1, column.length));
      return Math.max(spread, leastDeviation * Math.max(1, Math.abs(mean)));
    });
    this.#fitted = { means, deviations };
  }

  score(rows: Float64Array): Float64Array {
    const width = this.features.length;
    return Float64Array.from({ length: rows.length / width }, (_, row) => {
      if (!this.#fitted) return Number.NaN;
      const squares = this.#squares(rows.subarray(row * width, (row + 1) * width), this.#fitted);
      const worst = Math.max(0, ...squares);
      return worst === Infinity ? 1 : worst / (worst + 9);
    });
  }

  explain(row: Float64Array): readonly { readonly feature: string; readonly share: number }[] {
    if (!this.#fitted) return [];
    const squares = this.#squares(row, this.#fitted);
    const total = sum(squares) || 1;
    return this.features
      .map((feature, at) => ({ feature, share: (squares[at] as number) / total }))
      .sort((a, b) => b.share - a.share);
  }

  save(): Uint8Array {
    return new TextEncoder().encode(JSON.stringify({ features: this.features, fitted: this.#fitted ?? null }));
  }

  load(bytes: Uint8Array): void {
    const { features, fitted } = parsed(bytes);
    if (JSON.stringify(features) !== JSON.stringify(this.features)) throw unusable('it has other features');
    if (fitted === null) this.#fitted = undefined;
    else if (isFitted(fitted, this.features.length)) this.#fitted = fitted;
    else throw unusable('its figures are damaged');
  }

  #column(rows: Float64Array, feature: number): number[] {
    const width = this.features.length;
    return [...rows].filter((value, at) => at % width === feature && !Number.isNaN(value));
  }

  #squares(row: Float64Array, { means, deviations }: Fitted): readonly number[] {
    return this.features.map((_, at) => {
      const value = row[at] ?? Number.NaN;
      return Number.isNaN(value) ? 0 : ((value - (means[at] as number)) / (deviations[at] as number)) ** 2;
    });
  }
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function parsed(bytes: Uint8Array): { readonly [member: string]: Json } {
  try {
    const value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)) as Json;
    if (typeof value === 'object' && value !== null && !Array.isArray(value))
      return value as { readonly [member: string]: Json };
  } catch (thrown) {
    throw unusable(messageOf(thrown));
  }
  throw unusable('it is not an object');
}

function isFitted(value: unknown, width: number): value is Fitted {
  const { means, deviations } = (value ?? {}) as { readonly [member: string]: unknown };
  const areFigures = (list: unknown): boolean =>
    Array.isArray(list) && list.length === width && list.every((one) => Number.isFinite(one));
  return areFigures(means) && areFigures(deviations) && (deviations as number[]).every((one) => one > 0);
}

function unusable(why: string): Error {
  return guardError('GUARD_MODEL_INVALID', { why });
}
