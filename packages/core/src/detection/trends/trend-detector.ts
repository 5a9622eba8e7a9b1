import type {
  AgentSlot,
  AgentView,
  Detector,
  Evaluation,
  FleetView,
  SignalBatch,
  Suspicion,
} from '../../contracts/index.ts';
import type { AgentMetrics, MetricName, Ms } from '../../model/index.ts';
import { formatDuration, metricNames } from '../../model/index.ts';
import type { Forecast } from './forecast.ts';
import { MetricTrend, type SavedTrend, type TrendSettings } from './metric-trend.ts';
import { normalQuantile } from './theil-sen.ts';

/** A figure below this share of its limit is not remembered: from there it has a long way to go. */
const worthwhile = 0.25;

/** The name of the failure and the words for it, memory first: it is what ends an agent. */
const figures: readonly { readonly metric: MetricName; readonly signature: string; readonly says: string }[] = [
  { metric: 'memory_usage_mb', signature: 'leak:memory', says: 'memory' },
  { metric: 'cpu_usage', signature: 'exhaustion:cpu', says: 'cpu' },
  ...metricNames
    .filter((metric) => metric !== 'memory_usage_mb' && metric !== 'cpu_usage')
    .map((metric) => ({ metric, signature: `exhaustion:${metric}`, says: metric })),
];

type State = Map<MetricName, MetricTrend>;

interface Saved {
  readonly instance: string;
  readonly trends: readonly (readonly [MetricName, SavedTrend])[];
}

/**
 * Foresees that a figure reaches its limit: by a robust line through what the agent reported, with the bounds of its
 * slope. It says nothing of figures without a limit, of too few samples, of a rise that levels off, and of one that has
 * come back from there before. A new instance begins anew; what was not reported is missing, not zero.
 */
export class TrendDetector implements Detector {
  readonly consumes = ['heartbeat', 'metrics', 'probe', 'lifecycle'] as const;
  readonly #fleet: FleetView;
  /** Only agents that report a figure worth remembering. */
  readonly #states = new Map<AgentSlot, State>();
  /** Whose figures completed a bucket, or were dropped. */
  readonly #changed = new Set<AgentSlot>();
  /** Agents of whom something is foretold. */
  readonly #foretold = new Set<AgentSlot>();
  readonly #unsaved = new Set<AgentSlot>();
  readonly #quantiles = new Map<number, number>();

  constructor({ fleet }: { readonly fleet: FleetView }) {
    this.#fleet = fleet;
  }

  /** Agents of whom figures are remembered. */
  get remembers(): number {
    return this.#states.size;
  }

  observe({ signals }: SignalBatch): void {
    for (const { slot, signal } of signals) {
      if (signal.kind === 'error') continue;
      if (signal.kind === 'lifecycle') {
        // The same container begins a new life: what was measured is of the one before.
        if (signal.event === 'started' || signal.event === 'restarted') this.#drop(slot);
        continue;
      }
      const view = signal.metrics && this.#fleet.agent(slot);
      if (view && signal.metrics) this.#take(slot, view, { metrics: signal.metrics, atMs: signal.receivedMs });
    }
  }

  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const slot of due) {
      const changed = this.#changed.delete(slot);
      if (!changed && !this.#foretold.has(slot)) continue;
      const evaluation = this.#judge(slot, nowMs, changed);
      if (evaluation) evaluations.push(evaluation);
    }
    return evaluations;
  }

  reset(slot: AgentSlot): void {
    this.#states.delete(slot);
    this.#changed.delete(slot);
    this.#foretold.delete(slot);
    this.#unsaved.delete(slot);
  }

  /** Only of whom something is foretold: what is not can be gathered again. */
  unsaved(): readonly AgentSlot[] {
    return [...this.#unsaved];
  }

  save(slot: AgentSlot, nowMs: Ms): Uint8Array | undefined {
    this.#unsaved.delete(slot);
    const instance = this.#fleet.agent(slot)?.agent.instance?.id;
    const state = this.#foretold.has(slot) ? this.#states.get(slot) : undefined;
    if (instance === undefined || !state) return undefined;
    const trends = [...state].map(([metric, trend]) => [metric, trend.save(nowMs)] as const);
    return new TextEncoder().encode(JSON.stringify({ instance, trends } satisfies Saved));
  }

  load(slot: AgentSlot, bytes: Uint8Array, savedMs: Ms): void {
    const { instance, trends } = JSON.parse(new TextDecoder().decode(bytes)) as Saved;
    if (this.#fleet.agent(slot)?.agent.instance?.id !== instance) return;
    this.#states.set(slot, new Map(trends.map(([metric, saved]) => [metric, MetricTrend.load(saved, savedMs)])));
    this.#changed.add(slot);
    this.#foretold.add(slot);
  }

  #drop(slot: AgentSlot): void {
    if (!this.#states.delete(slot)) return;
    if (this.#foretold.has(slot)) this.#changed.add(slot);
  }

  #take(
    slot: AgentSlot,
    view: AgentView,
    { metrics, atMs }: { readonly metrics: AgentMetrics; readonly atMs: Ms },
  ): void {
    const { windowMs } = view.policy.trends;
    for (const { metric } of figures) {
      const value = metrics[metric];
      const limit = value === undefined ? undefined : limitOf(metric, view);
      if (value === undefined || limit === undefined) continue;
      const state = this.#states.get(slot);
      let trend = state?.get(metric);
      if (trend?.windowMs !== windowMs) {
        if (value < worthwhile * limit) continue;
        trend = new MetricTrend(windowMs, atMs);
        this.#states.set(slot, (state ?? new Map<MetricName, MetricTrend>()).set(metric, trend));
      }
      if (trend.add(value, atMs, this.#settings(view, limit))) this.#changed.add(slot);
    }
  }

  #judge(slot: AgentSlot, nowMs: Ms, changed: boolean): Evaluation | undefined {
    const view = this.#fleet.agent(slot);
    if (!view) return undefined;
    const state = this.#states.get(slot);
    let tells = this.#foretold.has(slot) && !state;
    for (const [metric, trend] of state ?? []) {
      const limit = limitOf(metric, view);
      // Without a limit there is nothing to run out of.
      if (limit === undefined) {
        state?.delete(metric);
        tells ||= trend.foretold !== undefined;
      } else if (trend.forget(nowMs)) tells = true;
      else if (changed && trend.look(nowMs, this.#settings(view, limit))) tells = true;
    }
    return tells ? this.#tell(slot, view, state) : undefined;
  }

  #tell(slot: AgentSlot, view: AgentView, state: State | undefined): Evaluation {
    const foretold = figures.flatMap(({ metric, ...words }) => {
      const forecast = state?.get(metric)?.foretold;
      const limit = limitOf(metric, view);
      return forecast && limit !== undefined ? [{ metric, limit, forecast, ...words }] : [];
    });
    const isNew = !this.#foretold.has(slot);
    if (foretold.length === 0) {
      this.#foretold.delete(slot);
      return { slot, suspicions: [] };
    }
    this.#foretold.add(slot);
    this.#unsaved.add(slot);
    const wakeAtMs = Math.min(...foretold.map(({ metric }) => state?.get(metric)?.staleMs ?? Infinity));
    // Asked at once, so that it is known whether the figures are of now.
    return { slot, suspicions: [suspicion(foretold)], wakeAtMs, ...(isNew ? { ask: true } : {}) };
  }

  #settings({ policy: { trends } }: AgentView, limit: number): TrendSettings {
    let z = this.#quantiles.get(trends.confidence);
    if (z === undefined) this.#quantiles.set(trends.confidence, (z = normalQuantile(trends.confidence)));
    const { windowMs, withinMs, minSamples } = trends;
    return { limit, windowMs, withinMs, minSamples, z };
  }
}

/** The lower of what the config says and what the orchestrator holds the instance to. */
function limitOf(metric: MetricName, { agent, policy }: AgentView): number | undefined {
  const told = policy.trends.limits[metric];
  const held = metric === 'memory_usage_mb' ? agent.instance?.memoryLimitMb : undefined;
  if (told === undefined || held === undefined) return told ?? held;
  return Math.min(told, held);
}

interface Foretold {
  readonly metric: MetricName;
  readonly limit: number;
  readonly signature: string;
  readonly says: string;
  readonly forecast: Forecast;
}

function suspicion(foretold: readonly Foretold[]): Suspicion {
  const { metric, limit, signature, forecast } = foretold[0] as Foretold;
  const { slope, lowerSlope, timeToLimitMs, atLeastMs, atMostMs, samples } = forecast;
  return {
    kind: 'exhaustion',
    evidence: 'telemetry',
    implies: 'degraded',
    strength: 0.8,
    text: foretold.map(textOf).join('; '),
    signature,
    data: {
      metric,
      limit,
      slopePerMs: slope,
      lowerSlope,
      timeToLimitMs: Math.round(timeToLimitMs),
      timeToLimitAtLeastMs: Math.round(atLeastMs),
      timeToLimitAtMostMs: Math.round(atMostMs),
      samples,
    },
  };
}

/** `memory grows 12.3 MB/min (at least 9.8), reaches 512 MB in about 18m`. */
function textOf({ metric, limit, says, forecast }: Foretold): string {
  const unit = metric === 'memory_usage_mb' ? ' MB' : '';
  const [rate, least] = [forecast.slope, forecast.lowerSlope].map((slope) => Number((slope * 60_000).toPrecision(3)));
  const left = formatDuration(roughly(forecast.timeToLimitMs));
  return `${says} grows ${rate}${unit}/min (at least ${least}), reaches ${limit}${unit} in about ${left}`;
}

/** Nobody can foretell the second. */
function roughly(ms: Ms): Ms {
  const step = ms >= 600_000 ? 60_000 : ms >= 60_000 ? 10_000 : 1_000;
  return Math.round(ms / step) * step;
}
