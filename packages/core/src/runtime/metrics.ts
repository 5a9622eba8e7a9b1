import type { Metrics } from '../contracts/index.ts';

type Labels = { readonly [name: string]: string };

/** Measures nothing. */
export const noopMetrics: Metrics = Object.freeze({
  count: () => undefined,
  gauge: () => undefined,
  observe: () => undefined,
});

/** Summary of what was observed under one name; percentiles are of the most recent 1024 values. */
export interface Observations {
  readonly count: number;
  readonly sum: number;
  readonly min: number;
  readonly max: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** Keys are `name` or `name{label="value",…}` with the labels in order of their names. */
export interface MetricsSnapshot {
  readonly counters: { readonly [key: string]: number };
  readonly gauges: { readonly [key: string]: number };
  readonly observations: { readonly [key: string]: Observations };
}

/** Metrics that keep what they were told, for tests and for the guard's own health. */
export interface RecordedMetrics extends Metrics {
  /** A counter or gauge; `undefined` when nothing was reported under that name and these labels. */
  value(name: string, labels?: Labels): number | undefined;
  snapshot(): MetricsSnapshot;
}

const recent = 1024;

interface Series {
  readonly ring: number[];
  count: number;
  sum: number;
  min: number;
  max: number;
}

/** Keeps counters, gauges and the last 1024 observations of each name in memory. */
export function recordedMetrics(): RecordedMetrics {
  const counters = new Map<string, number>();
  const gauges = new Map<string, number>();
  const observed = new Map<string, Series>();
  return {
    count(name, by = 1, labels) {
      const key = keyOf(name, labels);
      counters.set(key, (counters.get(key) ?? 0) + by);
    },
    gauge(name, value, labels) {
      gauges.set(keyOf(name, labels), value);
    },
    observe(name, value, labels) {
      const key = keyOf(name, labels);
      let series = observed.get(key);
      if (!series) observed.set(key, (series = { ring: [], count: 0, sum: 0, min: Infinity, max: -Infinity }));
      add(series, value);
    },
    value(name, labels) {
      const key = keyOf(name, labels);
      return counters.get(key) ?? gauges.get(key);
    },
    snapshot: () => ({
      counters: Object.fromEntries(counters),
      gauges: Object.fromEntries(gauges),
      observations: Object.fromEntries([...observed].map(([key, series]) => [key, summarise(series)])),
    }),
  };
}

function add(series: Series, value: number): void {
  series.ring[series.count % recent] = value;
  series.count += 1;
  series.sum += value;
  series.min = Math.min(series.min, value);
  series.max = Math.max(series.max, value);
}

function summarise({ ring, count, sum, min, max }: Series): Observations {
  const sorted = [...ring].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(share * sorted.length) - 1] as number;
  return { count, sum, min, max, p50: at(0.5), p95: at(0.95), p99: at(0.99) };
}

function keyOf(name: string, labels?: Labels): string {
  if (labels === undefined) return name;
  const parts = Object.entries(labels).map(([label, value]) => `${label}=${JSON.stringify(value)}`);
  return parts.length === 0 ? name : `${name}{${parts.sort().join(',')}}`;
}
