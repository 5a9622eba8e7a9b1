import type {
  AgentSlot,
  AgentView,
  Detector,
  Doubt,
  Evaluation,
  FleetView,
  SignalBatch,
  Suspicion,
} from '../contracts/index.ts';
import { noDoubt } from '../contracts/index.ts';
import { formatDuration, type AgentMetrics, type Ms, type Progress } from '../model/index.ts';

interface Work {
  active: number;
  queued: number;
  /** Last value of each sign of advance; compared for advance only, never with the guard's clock. */
  lastProgressAt: number | undefined;
  completed: number | undefined;
  /** Since when there has been work in hand without an advance; `undefined` while there is none, or it advances. */
  stillSinceMs: Ms | undefined;
  /** When it last said so. */
  toldMs: Ms;
  raised: boolean;
}

/**
 * Suspects an agent that is alive and gets nothing done: it reports work in hand, in its queue or under way, and neither
 * `lastProgressAt` nor the completed tasks advance for the time the policy allows. Only what an agent reports counts: one
 * that never told of an advance is never suspected for the lack of it, and one that fell silent is a matter of its
 * heartbeat, not of its work (missing is not zero).
 */
export class ProgressDetector implements Detector {
  readonly consumes = ['heartbeat', 'metrics', 'probe'] as const;
  readonly #fleet: FleetView;
  readonly #doubt: Doubt;
  /** Only agents that report work and an advance. */
  readonly #works = new Map<AgentSlot, Work>();

  constructor({ fleet, doubt = noDoubt }: { readonly fleet: FleetView; readonly doubt?: Doubt | undefined }) {
    this.#fleet = fleet;
    this.#doubt = doubt;
  }

  observe({ heartbeats, signals }: SignalBatch): void {
    for (const { slot, signal } of signals) {
      if (signal.kind === 'heartbeat') this.#report(slot, signal.receivedMs, signal);
      else if (signal.kind === 'metrics' || (signal.kind === 'probe' && signal.metrics))
        this.#report(slot, signal.receivedMs, { metrics: signal.metrics });
    }
    // A heartbeat without news says that all is as it was.
    for (let row = 0; row < heartbeats.length && this.#works.size > 0; row += 1) {
      const work = this.#works.get(heartbeats.slots[row] as number);
      if (work) work.toldMs = heartbeats.atMs[row] as number;
    }
  }

  evaluate(due: readonly AgentSlot[]): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const slot of due) {
      const work = this.#works.get(slot);
      const view = work && this.#fleet.agent(slot);
      if (!view) continue;
      const suspicion = this.#judge(work, view);
      // Also said while it lasts, so that the figures are those of now.
      if (suspicion || work.raised) evaluations.push({ slot, suspicions: suspicion ? [suspicion] : [] });
      work.raised = suspicion !== undefined;
    }
    return evaluations;
  }

  /** What the guard slept through is not held against the work. */
  paused(lostMs: Ms): void {
    for (const work of this.#works.values()) if (work.stillSinceMs !== undefined) work.stillSinceMs += lostMs;
  }

  reset(slot: AgentSlot): void {
    this.#works.delete(slot);
  }

  #report(
    slot: AgentSlot,
    nowMs: Ms,
    of: { readonly metrics?: AgentMetrics | undefined; readonly progress?: Progress },
  ): void {
    const { progress } = of;
    const known = this.#works.get(slot);
    if (!known && progress?.activeTasks === undefined && progress?.queueDepth === undefined) return;
    const work = known ?? blank();
    this.#works.set(slot, work);
    if (progress) take(work, progress, nowMs);
    const advanced = advance(work, progress?.lastProgressAt, of.metrics?.tasks_completed);
    const stands = work.active + work.queued > 0 && canAdvance(work);
    if (advanced || !stands) work.stillSinceMs = undefined;
    if (stands) work.stillSinceMs ??= nowMs;
  }

  #judge(work: Work, { policy }: AgentView): Suspicion | undefined {
    if (work.stillSinceMs === undefined) return undefined;
    const stillMs = work.toldMs - work.stillSinceMs;
    const allowedMs = policy.heartbeat.stalledForMs * this.#doubt.stretch();
    return stillMs >= allowedMs ? stalled(work, stillMs, allowedMs) : undefined;
  }
}

const blank = (): Work => ({
  active: 0,
  queued: 0,
  lastProgressAt: undefined,
  completed: undefined,
  stillSinceMs: undefined,
  toldMs: -Infinity,
  raised: false,
});

/** It has told of an advance at some time, so that none means something. */
const canAdvance = ({ lastProgressAt, completed }: Work): boolean =>
  lastProgressAt !== undefined || completed !== undefined;

/** What the agent has in hand. Other sources do not tell that it still has. */
function take(work: Work, { activeTasks, queueDepth }: Progress, nowMs: Ms): void {
  work.active = activeTasks ?? work.active;
  work.queued = queueDepth ?? work.queued;
  work.toldMs = nowMs;
}

/** Notes how far the work has got; whether it got on. */
function advance(work: Work, lastProgressAt: number | undefined, completed: number | undefined): boolean {
  const advanced = differs(lastProgressAt, work.lastProgressAt) || differs(completed, work.completed);
  work.lastProgressAt = lastProgressAt ?? work.lastProgressAt;
  work.completed = completed ?? work.completed;
  return advanced;
}

/** Any other value than the last one is an advance: a counter that begins anew, a clock that was set back. */
const differs = (value: number | undefined, last: number | undefined): boolean =>
  value !== undefined && last !== undefined && value !== last;

function stalled({ active, queued }: Work, stillMs: Ms, allowedMs: Ms): Suspicion {
  const inHand = `${active} tasks under way, ${queued} in its queue`;
  return {
    kind: 'stalled',
    evidence: 'progress',
    implies: 'degraded',
    strength: 0.6,
    text: `no progress for ${formatDuration(stillMs)} (at most ${formatDuration(allowedMs)}) with ${inHand}`,
    signature: 'stalled',
    confirm: true,
    data: { stillMs: Math.round(stillMs), activeTasks: active, queueDepth: queued },
  };
}
