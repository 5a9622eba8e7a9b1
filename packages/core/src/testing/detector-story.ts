import type {
  AgentSlot,
  Detector,
  Evaluation,
  FleetView,
  SignalBatch,
  SignalDraft,
  SlottedSignal,
} from '../contracts/index.ts';
import type { Ms } from '../model/index.ts';
import { sampleAgent, sampleFleet } from './sample-fleet.ts';

/** What each agent of the story goes through; the index is its slot. */
const fates = ['well', 'silent', 'unreachable', 'killed', 'slow', 'failing', 'provoked', 'gone'] as const;
type Fate = (typeof fates)[number];

/** When the bad times begin and end, and when the story does. */
const badFromMs = 100_000;
const badUntilMs = 500_000;
const endMs = 900_000;
const tickMs = 5_000;

/** One tick of a story: what arrives, and at what time. */
export interface Scene {
  readonly nowMs: Ms;
  readonly batch: SignalBatch;
}

/** What a detector said at one time. */
export interface Line {
  readonly nowMs: Ms;
  readonly due: readonly AgentSlot[];
  readonly evaluations: readonly Evaluation[];
}

/** The fleet of the story; the last slot has no agent any more. */
export function storyFleet(): FleetView {
  return sampleFleet(fates.map((fate) => (fate === 'gone' ? undefined : { agent: sampleAgent({ id: `${fate}.1` }) })));
}

/**
 * A quarter of an hour in the life of a small fleet, with everything that the signals of the engine can tell of, cut to
 * the kinds a detector consumes. `provoke` adds what a detector of its own kind reacts to.
 */
export function story(detector: Detector, provoke: Provoke): readonly Scene[] {
  const scenes: Scene[] = [];
  for (let nowMs = tickMs; nowMs <= endMs; nowMs += tickMs) {
    const drafts = fates.flatMap((fate, slot) =>
      draftsOf(fate, nowMs, provoke).map((draft) => slotted(slot, draft, nowMs)),
    );
    const wanted = drafts.filter(({ signal }) => detector.consumes.includes(signal.kind));
    const quiet = wanted.filter(({ signal }) => signal.kind === 'heartbeat' && !signal.metrics && !signal.progress);
    const slots = Uint32Array.from(quiet, ({ slot }) => slot);
    const heartbeats = { length: slots.length, slots, atMs: new Float64Array(slots.length).fill(nowMs) };
    scenes.push({ nowMs, batch: { nowMs, heartbeats, signals: wanted.filter((one) => !quiet.includes(one)) } });
  }
  return scenes;
}

/** Plays the engine: observes, judges who had signals or is due by time, keeps the wake times. */
export function play(
  detector: Detector,
  scenes: readonly Scene[],
  wakes: Map<AgentSlot, Ms> = firstLook(),
): readonly Line[] {
  return scenes.map(({ nowMs, batch }) => {
    const heard = [
      ...batch.heartbeats.slots.subarray(0, batch.heartbeats.length),
      ...batch.signals.map(({ slot }) => slot),
    ];
    const woken = [...wakes].filter(([, atMs]) => atMs <= nowMs).map(([slot]) => slot);
    for (const slot of woken) wakes.delete(slot);
    const due = [...new Set([...woken, ...heard])];
    if (heard.length > 0) detector.observe(batch);
    const evaluations = due.length > 0 ? detector.evaluate(due, nowMs) : [];
    for (const { slot, wakeAtMs } of evaluations) {
      if (wakeAtMs === undefined) wakes.delete(slot);
      else wakes.set(slot, wakeAtMs);
    }
    return { nowMs, due, evaluations };
  });
}

/** Every agent is judged once after it is registered. */
function firstLook(): Map<AgentSlot, Ms> {
  return new Map(fates.map((_, slot) => [slot, 0]));
}

function slotted(slot: AgentSlot, draft: SignalDraft, nowMs: Ms): SlottedSignal {
  return { slot, signal: { ...draft, receivedMs: nowMs } };
}

type Provoke = (agentId: string) => readonly SignalDraft[];

function draftsOf(fate: Fate, nowMs: Ms, provoke: Provoke): readonly SignalDraft[] {
  const agentId = `${fate}.1`;
  const bad = nowMs >= badFromMs && nowMs < badUntilMs;
  if (fate === 'silent' && bad) return [];
  const up = !(bad && (fate === 'unreachable' || fate === 'killed'));
  const figures = bad && fate === 'slow' ? badFigures : goodFigures;
  return [
    ...wellBeing(agentId, { nowMs, up, figures }),
    ...trouble(fate, agentId, nowMs),
    ...(bad && fate === 'provoked' ? provoke(agentId) : []),
  ];
}

/** What is told of an agent beside the regular. */
function trouble(fate: Fate, agentId: string, nowMs: Ms): readonly SignalDraft[] {
  if (fate === 'failing' && nowMs >= badFromMs && nowMs < badUntilMs) {
    return [{ kind: 'error', agentId, message: 'it broke', type: 'StoreError', count: 20 }];
  }
  if (fate !== 'killed') return [];
  if (nowMs === badFromMs) return [lifecycle(agentId, 'oom-killed'), lifecycle(agentId, 'died')];
  return nowMs === badUntilMs ? [lifecycle(agentId, 'started')] : [];
}

const goodFigures = { p95_latency_ms: 20, p99_latency_ms: 30, error_rate: 0, cpu_usage: 0.2, memory_usage_mb: 100 };
const badFigures = {
  p95_latency_ms: 9_000,
  p99_latency_ms: 9_500,
  error_rate: 0.9,
  cpu_usage: 1,
  memory_usage_mb: 9_000,
};

interface WellBeing {
  readonly nowMs: Ms;
  readonly up: boolean;
  readonly figures: typeof goodFigures;
}

function wellBeing(agentId: string, { nowMs, up, figures }: WellBeing): readonly SignalDraft[] {
  const outcome = up ? 'up' : 'down';
  const probe = { kind: 'probe', agentId, latencyMs: 5, outcome } as const;
  const beats = up && nowMs % 30_000 === 0;
  const progress = { activeTasks: 1, queueDepth: 0, lastProgressAt: nowMs };
  return [
    ...(beats ? [{ kind: 'heartbeat', agentId } as const] : []),
    ...(beats && nowMs % 60_000 === 0 ? [{ kind: 'heartbeat', agentId, metrics: figures, progress } as const] : []),
    { ...probe, probe: 'liveness' },
    { ...probe, probe: 'readiness' },
    ...(nowMs % 15_000 === 0 ? [{ kind: 'metrics', agentId, metrics: figures } as const] : []),
  ];
}

function lifecycle(agentId: string, event: 'oom-killed' | 'died' | 'started'): SignalDraft {
  return { kind: 'lifecycle', agentId, event };
}
