import type {
  AgentSlot,
  AgentView,
  Detector,
  Doubt,
  Evaluation,
  FleetView,
  SignalBatch,
  SlottedSignal,
  Suspicion,
} from '../../contracts/index.ts';
import { noDoubt } from '../../contracts/index.ts';
import {
  formatDuration,
  type AgentMetrics,
  type Ms,
  type ProbeSignal,
  type Progress,
  type SloPolicy,
} from '../../model/index.ts';
import { HoldTime, type Threshold } from '../hold-time.ts';
import { ProgressTracker } from '../progress-tracker.ts';
import { TaskRate } from '../task-rate.ts';

/** Without a figure for this long, what the last one said is no longer held against the agent. */
const staleMs = 300_000;

/** One figure and its alert. */
interface Alert {
  readonly hold: HoldTime;
  text: string;
  lastMs: Ms;
}

const alertNames = ['p95', 'p99', 'errorRate', 'failedTasks', 'measured'] as const;
type AlertName = (typeof alertNames)[number];
type State = { readonly [N in AlertName]?: Alert } & { changed: boolean; wakeMs: Ms };
type Mutable = { -readonly [N in keyof State]: State[N] };

interface Sample {
  readonly name: AlertName;
  readonly value: number;
  readonly threshold: Threshold;
  readonly text: string;
}

/**
 * Compares the figures of an agent with its targets: latency, error rate and failed tasks as it reports them, and the
 * latency the guard measures itself, which is evidence of another kind. A target has to be missed for the hold time, by
 * the factor, and met again by the margin. Work that advances is noted with the finding: busy is not dead.
 */
export class SloDetector implements Detector {
  readonly consumes = ['heartbeat', 'metrics', 'probe'] as const;
  readonly #fleet: FleetView;
  readonly #doubt: Doubt;
  /** Only agents that missed a target lately. */
  readonly #states = new Map<AgentSlot, Mutable>();
  readonly #progress = new ProgressTracker();
  readonly #tasks = new TaskRate();

  constructor({ fleet, doubt = noDoubt }: { readonly fleet: FleetView; readonly doubt?: Doubt | undefined }) {
    this.#fleet = fleet;
    this.#doubt = doubt;
  }

  observe({ signals }: SignalBatch): void {
    for (const one of signals) {
      const view = this.#fleet.agent(one.slot);
      if (view) this.#signal(one, view);
    }
  }

  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const slot of due) {
      const state = this.#states.get(slot);
      const view = this.#fleet.agent(slot);
      if (!state || !view) continue;
      const forgot = forgetStale(state, nowMs);
      if (!forgot && !state.changed && nowMs < state.wakeMs) continue;
      state.changed = false;
      state.wakeMs = wakeOf(state);
      const suspicions = this.#suspicions(slot, state, view, nowMs);
      evaluations.push({ slot, suspicions, ...(state.wakeMs === Infinity ? {} : { wakeAtMs: state.wakeMs }) });
      if (alertNames.every((name) => !isOpen(state[name]))) this.#states.delete(slot);
    }
    return evaluations;
  }

  /** What the guard slept through was not seen to be bad. */
  paused(lostMs: Ms): void {
    for (const state of this.#states.values()) {
      for (const name of alertNames) {
        const alert = state[name];
        if (!alert) continue;
        alert.hold.pause(lostMs);
        alert.lastMs += lostMs;
      }
    }
  }

  reset(slot: AgentSlot): void {
    this.#states.delete(slot);
    this.#progress.reset(slot);
    this.#tasks.reset(slot);
  }

  #signal({ slot, signal }: SlottedSignal, { policy }: AgentView): void {
    if (signal.kind === 'lifecycle' || signal.kind === 'error') return;
    const { metrics } = signal;
    const progress = signal.kind === 'heartbeat' ? signal.progress : undefined;
    this.#noteProgress(slot, metrics, progress, signal.receivedMs);
    const samples = metrics ? reported(metrics, policy.slo, this.#tasks.observe(slot, metrics)) : [];
    const measured = signal.kind === 'probe' ? measuredOf(signal, policy.slo) : undefined;
    for (const sample of measured ? [...samples, measured] : samples) this.#sample(slot, sample, signal.receivedMs);
  }

  #noteProgress(slot: AgentSlot, metrics: AgentMetrics | undefined, progress: Progress | undefined, nowMs: Ms): void {
    this.#progress.observe(slot, 'lastProgressAt', progress?.lastProgressAt, nowMs);
    this.#progress.observe(slot, 'tasks', metrics?.tasks_completed, nowMs);
  }

  #sample(slot: AgentSlot, { name, value, threshold, text }: Sample, nowMs: Ms): void {
    const known = this.#states.get(slot);
    // A good figure of an agent that missed nothing needs no memory.
    if (!known?.[name] && value <= threshold.raiseAbove) return;
    const state = known ?? { changed: false, wakeMs: Infinity };
    const alert = state[name] ?? { hold: new HoldTime(), text, lastMs: nowMs };
    const before = alert.hold.raised;
    // What it said so long ago is not what it was in between.
    if (nowMs - alert.lastMs >= staleMs) alert.hold.clear();
    alert.hold.observe(value, nowMs, { ...threshold, forMs: threshold.forMs * this.#doubt.stretch() });
    alert.text = text;
    alert.lastMs = nowMs;
    state[name] = alert;
    state.changed ||= before || alert.hold.raised || alert.hold.badSinceMs === undefined || known === undefined;
    this.#states.set(slot, state);
  }

  #suspicions(slot: AgentSlot, state: State, { policy }: AgentView, nowMs: Ms): readonly Suspicion[] {
    const raised = (...names: readonly AlertName[]): string[] =>
      names.flatMap((name) => (state[name]?.hold.raised === true ? [state[name].text] : []));
    const advancedMs = this.#progress.advancedMs(slot);
    const progressing = advancedMs !== undefined && nowMs - advancedMs <= policy.gate.progressWindowMs;
    const slow = raised('p95', 'p99');
    const failing = raised('errorRate', 'failedTasks');
    const measured = raised('measured');
    const make = (
      kind: 'slow' | 'error-rate',
      evidence: 'telemetry' | 'probe',
      texts: readonly string[],
    ): Suspicion[] => (texts.length === 0 ? [] : [suspicion(kind, evidence, texts, progressing)]);
    return [
      ...make('slow', 'telemetry', slow),
      ...make('error-rate', 'telemetry', failing),
      ...make('slow', 'probe', measured),
    ];
  }
}

function suspicion(
  kind: 'slow' | 'error-rate',
  evidence: 'telemetry' | 'probe',
  texts: readonly string[],
  progressing: boolean,
): Suspicion {
  return {
    kind,
    evidence,
    implies: 'degraded',
    strength: 0.7,
    text: texts.join(', '),
    signature: kind,
    data: { progressing },
  };
}

/** What the agent reports of itself, against its targets. A figure it does not report says nothing. */
function reported(metrics: AgentMetrics, slo: SloPolicy, failedTasks: number | undefined): readonly Sample[] {
  const samples: Sample[] = [];
  const latency = (name: 'p95' | 'p99', value: number | undefined, targetMs: Ms): void => {
    if (value === undefined) return;
    const text = `${name} latency ${Math.round(value)}ms (target ${targetMs}ms)`;
    samples.push({ name, value, threshold: thresholdOf(targetMs, slo.latencyFactor, slo), text });
  };
  const share = (name: 'errorRate' | 'failedTasks', value: number | undefined, target: number): void => {
    if (value === undefined) return;
    const text = `${name === 'errorRate' ? 'error rate' : 'failed tasks'} ${percent(value)} (target ${percent(target)})`;
    samples.push({ name, value, threshold: thresholdOf(target, slo.errorRateFactor, slo), text });
  };
  latency('p95', metrics.p95_latency_ms, slo.latencyP95Ms);
  latency('p99', metrics.p99_latency_ms, slo.latencyP99Ms);
  share('errorRate', metrics.error_rate, slo.errorRate);
  // 1 − 0.995 is 0.0050000000000000044 in binary.
  share('failedTasks', failedTasks, Math.round((1 - slo.successRate) * 1e12) / 1e12);
  return samples;
}

/** How long the agent took to answer the guard; one answer is one request, so the target is that of the slowest percent. */
function measuredOf({ outcome, latencyMs }: ProbeSignal, slo: SloPolicy): Sample | undefined {
  if (outcome !== 'up') return undefined;
  const threshold = thresholdOf(slo.latencyP99Ms, slo.latencyFactor, slo);
  return {
    name: 'measured',
    value: latencyMs,
    threshold,
    text: `it took ${formatDuration(latencyMs)} to answer a probe (target ${slo.latencyP99Ms}ms)`,
  };
}

function thresholdOf(target: number, factor: number, { forMs, clearBelow }: SloPolicy): Threshold {
  return { raiseAbove: Math.min(target * factor, 1e12), forMs, clearAt: target * (1 - clearBelow) };
}

function percent(share: number): string {
  return `${Number((share * 100).toPrecision(3))}%`;
}

function isOpen(alert: Alert | undefined): boolean {
  return alert !== undefined && (alert.hold.raised || alert.hold.badSinceMs !== undefined);
}

/** Lets go of figures that are too old to mean anything; whether that changed what is suspected. */
function forgetStale(state: Mutable, nowMs: Ms): boolean {
  let changed = false;
  for (const name of alertNames) {
    const alert = state[name];
    if (!alert || nowMs - alert.lastMs < staleMs) continue;
    alert.hold.clear();
    changed = true;
  }
  return changed;
}

/** When the oldest figure that is still held against the agent becomes stale. */
function wakeOf(state: State): Ms {
  const open = alertNames.flatMap((name) => (isOpen(state[name]) ? [(state[name] as Alert).lastMs + staleMs] : []));
  return Math.min(Infinity, ...open);
}
