import type {
  AgentSlot,
  AgentView,
  Detector,
  Evaluation,
  FleetView,
  SignalBatch,
  Suspicion,
} from '../contracts/index.ts';
import {
  wayOf,
  type LifecycleSignal,
  type Ms,
  type ProbePolicy,
  type ProbeSignal,
  type ProbesPolicy,
} from '../model/index.ts';

interface Track {
  failures: number;
  successes: number;
  down: boolean;
  /** When it began to count as down, and when it failed last. */
  downMs: Ms;
  failedMs: Ms;
  detail: string;
  /** Down because it did not answer when asked to confirm a suspicion. */
  confirmed: boolean;
  /** The last of the failures that were taken and not answered, and when the first of these came. */
  unanswered: number;
  unansweredSinceMs: Ms;
  /** These are all of the failures, or as many as count by themselves. */
  mute: boolean;
  /** It gave an answer, though not a good one. */
  answered: boolean;
}

interface State {
  alive: Track;
  ready: Track;
  failedChecks: readonly string[];
  /** When any question got an answer last, good or bad. */
  answeredMs: Ms;
  /** Start of the running instance, if it was seen to start. */
  startedMs: Ms;
  changed: boolean;
  /** When it is to be asked again, if it is asked only to confirm. */
  askAtMs: Ms;
}

const failedChecksMax = 20;

/**
 * Judges the answers to probes. Not alive after `failures` in a row, alive again after `successes` in a row; a question
 * that was to confirm a suspicion counts at once when it is not answered. Not ready means degraded and no work, never
 * more. Until an instance has answered well for the first time its failures do not count for the start grace, and what the
 * guard could not ask never does.
 */
export class ProbeDetector implements Detector {
  readonly consumes = ['probe', 'lifecycle'] as const;
  readonly #fleet: FleetView;
  /** Only agents that failed a probe, or were seen to start, have one. */
  readonly #states = new Map<AgentSlot, State>();
  /** Who answered well within its start grace, which is over then. */
  readonly #wasAlive = new Set<AgentSlot>();
  readonly #wasReady = new Set<AgentSlot>();

  constructor({ fleet }: { readonly fleet: FleetView }) {
    this.#fleet = fleet;
  }

  observe({ signals }: SignalBatch): void {
    for (const { slot, signal } of signals) {
      const view = this.#fleet.agent(slot);
      if (!view) continue;
      if (signal.kind === 'probe') this.#probe(slot, signal, view);
      else if (signal.kind === 'lifecycle') this.#lifecycle(slot, signal);
    }
  }

  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const slot of due) {
      const state = this.#states.get(slot);
      const probes = this.#fleet.agent(slot)?.policy.probes;
      if (!state || !probes) continue;
      forgetUnasked(state, probes);
      const onDemand = state.alive.down && !wayOf(probes, 'liveness');
      if (!state.changed && !onDemand) continue;
      state.changed = false;
      if (onDemand && nowMs >= state.askAtMs) state.askAtMs = nowMs + probes.liveness.everyMs;
      evaluations.push({
        slot,
        suspicions: suspicionsOf(state, probes.liveness, onDemand),
        ...(onDemand ? { wakeAtMs: state.askAtMs } : {}),
      });
      if (isIdle(state)) this.#states.delete(slot);
    }
    return evaluations;
  }

  reset(slot: AgentSlot): void {
    this.#states.delete(slot);
    this.#begins(slot);
  }

  #begins(slot: AgentSlot): void {
    this.#wasAlive.delete(slot);
    this.#wasReady.delete(slot);
  }

  #probe(slot: AgentSlot, signal: ProbeSignal, view: AgentView): void {
    // What the guard could not ask says nothing.
    if (signal.outcome === 'unknown') return;
    const known = this.#states.get(slot);
    // The performance probe is there for its figures: only that it is answered counts.
    if (signal.probe === 'performance') {
      if (known) noteAnswer(known, signal);
      return;
    }
    const startedMs = Math.max(view.sinceMs, known?.startedMs ?? -Infinity);
    // An instance that an earlier run of the guard has heard of is not starting, unless it was seen to.
    const adopted = view.beats === true && (known?.startedMs ?? -Infinity) === -Infinity;
    const starting = !adopted && signal.receivedMs - startedMs < view.policy.probes.startGraceMs;
    if (this.#isExcused(slot, signal, starting)) return;
    if (signal.outcome === 'up' && !known) return;
    const state = known ?? blank();
    noteAnswer(state, signal);
    this.#states.set(slot, state);
    const { liveness, readiness } = view.policy.probes;
    if (signal.probe === 'readiness') {
      state.failedChecks = failedChecksOf(signal);
      count(state.ready, signal, readiness);
    } else count(state.alive, signal, liveness);
    state.changed = true;
  }

  /** Whether a failure does not count: the instance is starting and has not answered well so far. */
  #isExcused(slot: AgentSlot, signal: ProbeSignal, starting: boolean): boolean {
    const was = signal.probe === 'readiness' ? this.#wasReady : this.#wasAlive;
    if (signal.outcome !== 'up') {
      // Who is asked to confirm a suspicion was heard of before, or should have been: it is not merely starting.
      return starting && !was.has(slot) && signal.confirming !== true;
    }
    // After the grace it makes no difference, and nothing has to be remembered.
    if (starting) was.add(slot);
    else was.delete(slot);
    return false;
  }

  #lifecycle(slot: AgentSlot, { event, receivedMs }: LifecycleSignal): void {
    if (event !== 'started' && event !== 'restarted') return;
    this.#begins(slot);
    // It starts anew under the same name: it gets its grace, and what was held against it is of before.
    const suspected = this.#states.get(slot);
    this.#states.set(slot, { ...blank(), startedMs: receivedMs, changed: suspected !== undefined });
  }
}

const track = (): Track => ({
  failures: 0,
  successes: 0,
  down: false,
  downMs: Infinity,
  failedMs: -Infinity,
  detail: '',
  unanswered: 0,
  unansweredSinceMs: Infinity,
  mute: false,
  answered: false,
  confirmed: false,
});

function blank(): State {
  const [alive, ready] = [track(), track()];
  return {
    alive,
    ready,
    failedChecks: [],
    answeredMs: -Infinity,
    startedMs: -Infinity,
    changed: false,
    askAtMs: -Infinity,
  };
}

function noteAnswer(state: State, { outcome, statusCode, receivedMs }: ProbeSignal): void {
  if (outcome !== 'up' && statusCode === undefined) return;
  state.answeredMs = receivedMs;
  if (state.alive.down) state.changed = true;
}

/** What is asked no more since the policy changed would be held against the agent for ever. */
function forgetUnasked(state: State, probes: ProbesPolicy): void {
  if (state.alive.down && !wayOf(probes, 'health')) {
    state.alive = track();
    state.changed = true;
  }
  if (state.ready.down && !wayOf(probes, 'readiness')) {
    state.ready = track();
    state.changed = true;
  }
}

/** Nothing stands against it and no count is running; a start is remembered. */
function isIdle({ alive, ready, startedMs }: State): boolean {
  return !alive.down && !ready.down && alive.failures === 0 && ready.failures === 0 && startedMs === -Infinity;
}

function count(track: Track, signal: ProbeSignal, policy: ProbePolicy): void {
  if (signal.outcome === 'up') {
    track.failures = 0;
    track.unanswered = 0;
    track.successes += 1;
    if (track.down && track.successes < policy.successes) return;
    track.down = false;
    track.confirmed = false;
    return;
  }
  track.successes = 0;
  track.failures += 1;
  // Taken and not answered is another failure than refused.
  const timedOut = signal.statusCode === undefined && signal.latencyMs >= 0.9 * policy.timeoutMs;
  track.unanswered = timedOut ? track.unanswered + 1 : 0;
  if (track.unanswered === 1) track.unansweredSinceMs = signal.receivedMs;
  track.mute = track.unanswered === track.failures || track.unanswered >= policy.failures;
  track.answered = signal.statusCode !== undefined;
  track.detail = signal.detail ?? (signal.statusCode === undefined ? 'no answer' : `answered ${signal.statusCode}`);
  if (signal.confirming === true) track.confirmed = true;
  track.failedMs = signal.receivedMs;
  if (track.failures < policy.failures && !track.confirmed) return;
  if (!track.down) track.downMs = signal.receivedMs;
  track.down = true;
}

/** Twice as many have failed in a row as count, over as much time: confirming questions come faster than the others. */
function lasts({ failures, downMs, failedMs }: Track, policy: ProbePolicy): boolean {
  return failures >= 2 * policy.failures && failedMs - downMs >= (policy.failures - 1) * policy.everyMs;
}

/** @param onDemand it is asked only to confirm, so that it has to be asked again to be seen alive. */
function suspicionsOf(
  { alive, ready, failedChecks, answeredMs }: State,
  liveness: ProbePolicy,
  onDemand: boolean,
): readonly Suspicion[] {
  const suspicions: Suspicion[] = [];
  if (alive.down) {
    suspicions.push({
      kind: 'probe-failed',
      evidence: 'probe',
      implies: 'failed',
      strength: 0.9,
      text: alive.confirmed
        ? `it did not answer well when asked: ${alive.detail}`
        : `${alive.failures} liveness probes failed in a row: ${alive.detail}`,
      signature: 'probe-failed',
      ...(lasts(alive, liveness) ? { lasting: true } : {}),
      data: {
        failures: alive.failures,
        detail: alive.detail,
        timedOut: alive.unanswered > 0,
        answered: alive.answered,
        // It takes what it is asked and answers none of it, nor anything else.
        silent: alive.mute && answeredMs < alive.unansweredSinceMs,
      },
      ...(onDemand ? { confirm: true } : {}),
    });
  }
  if (ready.down) {
    suspicions.push({
      kind: 'not-ready',
      evidence: 'probe',
      implies: 'degraded',
      strength: 0.7,
      text: `it is not ready: ${ready.detail}`,
      signature: 'not-ready',
      data: { detail: ready.detail, failedChecks },
    });
  }
  return suspicions;
}

function failedChecksOf({ checks = {} }: ProbeSignal): readonly string[] {
  const failed = Object.entries(checks).flatMap(([name, good]) => (good ? [] : [name]));
  return failed.slice(0, failedChecksMax);
}
