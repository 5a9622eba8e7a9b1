import type { AgentSlot, Clock, FleetView, SignalBatch, SlottedSignal } from '../contracts/index.ts';
import {
  formatDuration,
  wayOf,
  worseHealth,
  type AgentId,
  type EpochMs,
  type Finding,
  type Health,
  type Ms,
  type Reason,
} from '../model/index.ts';
import { Uptime } from './uptime.ts';

const failuresWindowMs = 86_400_000;
/** Failures remembered per agent; far above what any policy escalates at. */
const failuresMax = 256;

export interface HealthChange {
  readonly slot: AgentSlot;
  readonly agentId: AgentId;
  readonly from: Health;
  readonly to: Health;
  readonly reason: Reason;
}

/** What the agent said when it was asked since it fell silent. */
type Asked = 'not-yet' | 'up' | 'down' | 'unknown';

interface State {
  health: Health;
  /** What the health would be without a watch. */
  observed: Health;
  since: EpochMs;
  /** A sign of life came since the instance is known. */
  fresh: boolean;
  lastBeatMs: Ms | undefined;
  missed: number;
  asked: Asked;
  watched: boolean;
}

export interface HealthMonitorOptions {
  readonly fleet: FleetView;
  readonly clock: Clock;
}

/**
 * The one place where health is computed. A heartbeat timeout raises `missed` and the agent is asked at once: an answer
 * resets `missed` and means degraded, silence means failed. Without any sign of life yet it is unknown.
 */
export class HealthMonitor {
  readonly #fleet: FleetView;
  readonly #clock: Clock;
  readonly #states: (State | undefined)[] = [];
  readonly #failures = new Map<AgentSlot, readonly EpochMs[]>();
  readonly #uptime = new Uptime();

  constructor({ fleet, clock }: HealthMonitorOptions) {
    this.#fleet = fleet;
    this.#clock = clock;
  }

  /** Takes in signs of life and answers; adds the slots whose health may differ now to `touched`. */
  observe({ heartbeats, signals }: SignalBatch, touched: Set<AgentSlot>): void {
    for (let row = 0; row < heartbeats.length; row += 1) {
      this.#beat(heartbeats.slots[row] as number, heartbeats.atMs[row] as number, touched);
    }
    for (const one of signals) this.#signal(one, touched);
  }

  /** The heartbeat of the agent timed out (once more). */
  timedOut(slot: AgentSlot): void {
    const state = this.#state(slot);
    state.missed += 1;
  }

  /** Health from what stands against the agent; the change, if there is one. */
  judge(slot: AgentSlot, findings: readonly Finding[], nowMs: Ms): HealthChange | undefined {
    const agent = this.#fleet.agent(slot)?.agent;
    if (!agent) return undefined;
    const state = this.#state(slot);
    const { health: observed, reason } = this.#opinion(slot, state, findings);
    state.observed = observed;
    const to = state.watched ? worseHealth(observed, 'degraded') : observed;
    const from = state.health;
    this.#uptime.note(slot, to === 'unknown' ? 'unobserved' : to === 'failed' ? 'down' : 'up', nowMs);
    if (to === from) return undefined;
    state.health = to;
    state.since = this.#clock.now();
    if (to === 'failed') this.addFailure(slot, state.since);
    return { slot, agentId: agent.id, from, to, reason: to === observed ? reason : watchReason(agent.id) };
  }

  /** Counts a failure: a transition to failed, or a failed attempt at healing (also of an earlier run of the guard). */
  addFailure(slot: AgentSlot, at: EpochMs): void {
    this.#failures.set(slot, [...(this.#failures.get(slot) ?? []), at].slice(-failuresMax));
  }

  /** Transitions to failed plus failed attempts in the last 24 h. */
  failures(slot: AgentSlot): number {
    const since = this.#clock.now() - failuresWindowMs;
    return this.#failures.get(slot)?.filter((at) => at > since).length ?? 0;
  }

  setWatched(slot: AgentSlot, watched: boolean): void {
    this.#state(slot).watched = watched;
  }

  /** The instance is another: signs of life of the old one mean nothing; failures and uptime are the agent's and stay. */
  reset(slot: AgentSlot): void {
    const state = this.#state(slot);
    this.#states[slot] = { ...state, fresh: false, lastBeatMs: undefined, missed: 0, asked: 'not-yet' };
  }

  remove(slot: AgentSlot): void {
    this.#states[slot] = undefined;
    this.#failures.delete(slot);
    this.#uptime.remove(slot);
  }

  status(
    slot: AgentSlot,
    nowMs: Ms,
  ): Omit<State, 'fresh' | 'asked' | 'lastBeatMs'> & { readonly silentMs?: Ms; readonly uptimePercentage?: number } {
    const { health, observed, since, missed, watched, lastBeatMs } = this.#states[slot] ?? blank(this.#clock.now());
    const uptimePercentage = this.#uptime.percentage(slot, nowMs);
    return {
      health,
      observed,
      since,
      missed,
      watched,
      ...(lastBeatMs === undefined ? {} : { silentMs: nowMs - lastBeatMs }),
      ...(uptimePercentage === undefined ? {} : { uptimePercentage }),
    };
  }

  #state(slot: AgentSlot): State {
    return (this.#states[slot] ??= blank(this.#clock.now()));
  }

  #beat(slot: AgentSlot, atMs: Ms, touched: Set<AgentSlot>): void {
    const state = this.#state(slot);
    // A quiet heartbeat of an agent that is well changes nothing that would have to be judged.
    if (!state.fresh || state.missed > 0 || state.asked !== 'not-yet') touched.add(slot);
    state.fresh = true;
    state.lastBeatMs = atMs;
    state.missed = 0;
    state.asked = 'not-yet';
  }

  #signal({ slot, signal }: SlottedSignal, touched: Set<AgentSlot>): void {
    if (signal.kind === 'heartbeat') return this.#beat(slot, signal.receivedMs, touched);
    const state = this.#state(slot);
    if (signal.kind === 'lifecycle') {
      // That it was started says nothing of whether it works.
      if (signal.event === 'healthy') state.fresh = true;
    } else if (signal.kind !== 'probe') state.fresh = true;
    else if (signal.outcome === 'up') {
      state.fresh = true;
      state.missed = 0;
      state.asked = 'up';
    } else if (signal.confirming === true) state.asked = signal.outcome;
    touched.add(slot);
  }

  #opinion(
    slot: AgentSlot,
    state: State,
    findings: readonly Finding[],
  ): { readonly health: Health; readonly reason: Reason } {
    const grave = findings.filter(({ implies }) => implies === 'failed');
    if (grave.length > 0) return { health: 'failed', reason: suspected(grave) };
    const silence = findings.find(({ kind }) => kind === 'heartbeat-timeout');
    if (silence) return this.#silent(slot, state, silence);
    if (findings.length > 0) return { health: 'degraded', reason: suspected(findings) };
    if (!state.fresh)
      return {
        health: 'unknown',
        reason: { code: 'nothing-wrong', text: 'Nothing has been heard of the instance yet.' },
      };
    return {
      health: 'healthy',
      reason: { code: 'nothing-wrong', text: 'It shows signs of life and nothing stands against it.' },
    };
  }

  /** The brief's sequence: silent, asked, and then the answer decides. */
  #silent(
    slot: AgentSlot,
    { asked, missed }: State,
    silence: Finding,
  ): { readonly health: Health; readonly reason: Reason } {
    if (asked === 'up') {
      return {
        health: 'degraded',
        reason: { code: 'silent-but-answering', text: `It answers when asked, but ${silence.text}.` },
      };
    }
    if (asked === 'down') {
      return {
        health: 'failed',
        reason: { code: 'agent-suspected', text: `${capital(silence.text)}, and it does not answer when asked.` },
      };
    }
    const view = this.#fleet.agent(slot);
    // Who cannot be asked is believed to be gone after a second timeout; a guard that cannot ask proves nothing.
    const addressed = view?.agent.instance?.endpoint !== undefined;
    if (missed >= 2 && !(addressed && wayOf(view.policy.probes, 'health'))) {
      const why = addressed ? 'its probes are switched off' : 'it has no address to ask at';
      const waitedMs = missed * (view?.policy.heartbeat.timeoutMs ?? 0);
      return {
        health: 'failed',
        reason: {
          code: 'agent-suspected',
          text: `${capital(silence.text)}, for ${formatDuration(waitedMs)}, and ${why}.`,
        },
      };
    }
    return { health: 'degraded', reason: suspected([silence]) };
  }
}

function blank(now: EpochMs): State {
  return {
    health: 'unknown',
    observed: 'unknown',
    since: now,
    fresh: false,
    lastBeatMs: undefined,
    missed: 0,
    asked: 'not-yet',
    watched: false,
  };
}

function suspected(findings: readonly Finding[]): Reason {
  return { code: 'agent-suspected', text: `${capital(findings.map(({ text }) => text).join('; '))}.` };
}

function watchReason(agentId: AgentId): Reason {
  return { code: 'watch-started', text: `${agentId} counts as degraded while it is watched.` };
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
