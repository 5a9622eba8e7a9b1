import type {
  AgentSlot,
  AgentView,
  Detector,
  Doubt,
  Evaluation,
  FleetView,
  SignalBatch,
  Suspicion,
} from '../../contracts/index.ts';
import { noDoubt } from '../../contracts/index.ts';
import { expectsHeartbeats, type Ms, type ProbeSignal } from '../../model/index.ts';
import { capacityFor, grownFloat64, grownUint32 } from '../../runtime/slot-columns.ts';
import { Arrivals } from './arrivals.ts';
import { limitsInto, saysDegraded, silence, type Limits } from './silence.ts';

/** Bits of what is known of an agent. */
const selfDegraded = 1;
/** Its silence is a suspicion. */
const raised = 2;
/** It was asked because of this silence. */
const asked = 4;
/** A question was not answered since it was last judged. */
const freshNo = 8;
/** An incident of it is open. */
const troubled = 16;
/** The time to its next heartbeat is not to be learned from. */
const skips = 32;
/** Silence is counted from when the instance became known, not from a heartbeat. */
const unheard = 64;
/** Questions it did not answer since it was last heard of, 0–3, in the two bits from here. */
const unansweredShift = 7;
const unansweredBits = 3 << unansweredShift;
/** Something was said against it when it was last judged. */
const told = 1 << 9;
/** As many unanswered questions make an unusual silence count. One may be lost on its way. */
const unansweredMin = 2;
/** What belongs to one silence. */
const ofSilence = asked | freshNo | unheard | unansweredBits;
/** While the guard doubts itself, those it waits for longer than usual are looked at this often. */
const lookAgainMs: Ms = 5_000;

/** What came of looking at an agent. */
interface Judgement {
  readonly nowMs: Ms;
  /** NaN while silence is not counted. */
  readonly silentMs: Ms;
  /** The silence is a suspicion. */
  readonly counts: boolean;
  /** The agent is to be asked. */
  readonly asks: boolean;
}

/**
 * Suspects an agent whose heartbeat is overdue, and says so again each time another timeout passes, so that it is asked
 * again. Armed by the first heartbeat (`auto`), also one of an earlier run of the guard, or from the registration on
 * (`required`). With `phi` a silence that is unusual for the agent leads to a question at once, and counts before the
 * timeout if two questions were not answered: never alone. A heartbeat that comes in time costs a few writes; nothing is
 * polled. Times are those the guard was awake: what it slept through is not counted.
 */
export class HeartbeatDetector implements Detector {
  readonly consumes = ['heartbeat', 'probe'] as const;
  readonly #fleet: FleetView;
  readonly #doubt: Doubt;
  readonly #arrivals = new Arrivals();
  readonly #limits: Limits = { suspectMs: 0, convictMs: 0, timeoutMs: 0 };
  /** Waking time since which silence is counted; NaN = it is not. */
  #fromMs = new Float64Array(0);
  /** When the host was last asked to come back, in its time; NaN = not at all. */
  #wakeMs = new Float64Array(0);
  #flags = new Uint32Array(0);
  /** How long the guard slept, in all. */
  #lostMs: Ms = 0;
  /** Waking time at which it last slept. */
  #sleptAtMs: Ms = -Infinity;

  constructor({ fleet, doubt = noDoubt }: { readonly fleet: FleetView; readonly doubt?: Doubt | undefined }) {
    this.#fleet = fleet;
    this.#doubt = doubt;
  }

  observe({ heartbeats, signals }: SignalBatch): void {
    for (let row = 0; row < heartbeats.length; row += 1) {
      this.#beat(heartbeats.slots[row] as number, heartbeats.atMs[row] as number);
    }
    for (const { slot, signal } of signals) {
      if (signal.kind === 'probe') this.#answer(slot, signal);
      if (signal.kind !== 'heartbeat') continue;
      this.#beat(slot, signal.receivedMs);
      // An agent that says nothing of its status says the same as before.
      if (signal.status !== undefined) this.#set(slot, selfDegraded, signal.status === 'degraded');
    }
  }

  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const slot of due) {
      const evaluation = this.#judge(slot, nowMs);
      if (evaluation) evaluations.push(evaluation);
    }
    return evaluations;
  }

  paused(lostMs: Ms, nowMs: Ms): void {
    this.#lostMs += lostMs;
    this.#sleptAtMs = nowMs - this.#lostMs;
  }

  troubled(slot: AgentSlot, on: boolean): void {
    if (slot >= this.#flags.length) this.#grow(slot);
    this.#set(slot, troubled, on);
    this.#set(slot, skips, true);
  }

  reset(slot: AgentSlot): void {
    if (slot >= this.#flags.length) return;
    this.#fromMs[slot] = Number.NaN;
    this.#wakeMs[slot] = Number.NaN;
    this.#flags[slot] = (this.#flags[slot] as number) & troubled;
    this.#arrivals.reset(slot);
  }

  #beat(slot: AgentSlot, atMs: Ms): void {
    if (slot >= this.#flags.length) this.#grow(slot);
    // What came just before the guard fell asleep is read after it woke.
    const wakingMs = Math.max(atMs - this.#lostMs, this.#sleptAtMs);
    const intervalMs = wakingMs - (this.#fromMs[slot] as number);
    const flags = this.#flags[slot] as number;
    // Only what the agent does when all is well is learned. Of an agent heard of for the first time there is no interval.
    const trouble = flags & (raised | troubled | skips | unheard | unansweredBits);
    if (trouble === 0 && intervalMs > 0 && wakingMs - intervalMs > this.#sleptAtMs)
      this.#arrivals.add(slot, intervalMs);
    this.#fromMs[slot] = wakingMs;
    this.#flags[slot] = flags & ~(ofSilence | skips);
  }

  #answer(slot: AgentSlot, { probe, outcome }: ProbeSignal): void {
    if (outcome === 'unknown' || (probe !== 'liveness' && probe !== 'health')) return;
    if (slot >= this.#flags.length) this.#grow(slot);
    const flags = this.#flags[slot] as number;
    const count = outcome === 'up' ? 0 : Math.min(3, unanswered(flags) + 1);
    const others = flags & ~(unansweredBits | freshNo);
    this.#flags[slot] = others | (count << unansweredShift) | (outcome === 'down' ? freshNo : 0);
  }

  /** `undefined` when nothing changed and the deadline lies ahead: then no object is made. */
  #judge(slot: AgentSlot, nowMs: Ms): Evaluation | undefined {
    const view = this.#fleet.agent(slot);
    if (!view) return undefined;
    if (slot >= this.#flags.length) this.#grow(slot);
    const fromMs = this.#armedFrom(slot, view);
    const flags = this.#flags[slot] as number;
    const silentMs = nowMs - this.#lostMs - fromMs;
    limitsInto(this.#limits, view.policy.heartbeat, { arrivals: this.#arrivals, slot });
    const counts = this.#counts(silentMs, flags);
    const asks = !counts && this.#asks(silentMs, flags);
    const quiet = !counts && !asks && (flags & (told | selfDegraded)) === 0;
    if (quiet && (Number.isNaN(silentMs) || this.#comesBack(slot, nowMs, silentMs))) {
      this.#set(slot, freshNo, false);
      return undefined;
    }
    return this.#told(slot, view, { nowMs, silentMs, counts, asks });
  }

  #told(slot: AgentSlot, view: AgentView, { nowMs, silentMs, counts, asks }: Judgement): Evaluation {
    const suspicions = this.#suspicions(slot, view, counts ? silentMs : undefined);
    const speaks = (counts ? raised : 0) | (asks ? asked : 0) | (suspicions.length > 0 ? told : 0);
    this.#flags[slot] = ((this.#flags[slot] as number) & ~(raised | freshNo | told)) | speaks;
    if (Number.isNaN(silentMs)) return { slot, suspicions };
    const nextMs = counts ? this.#againMs(silentMs, view.policy.heartbeat.silentForMs) : this.#nextMs(silentMs);
    const wakeAtMs = nowMs + nextMs - silentMs;
    this.#wakeMs[slot] = wakeAtMs;
    return { slot, suspicions, wakeAtMs, ...(asks ? { ask: true } : {}) };
  }

  /** @param silentMs `undefined` when the silence does not count. */
  #suspicions(slot: AgentSlot, view: AgentView, silentMs: Ms | undefined): Suspicion[] {
    const degraded = ((this.#flags[slot] as number) & selfDegraded) !== 0;
    return [
      ...(degraded ? [saysDegraded] : []),
      ...(silentMs === undefined ? [] : [this.#silence(slot, silentMs, view)]),
    ];
  }

  /** Whether the silence is a suspicion: by itself, or unusual and confirmed. */
  #counts(silentMs: Ms, flags: number): boolean {
    const stretch = this.#doubt.stretch();
    const { convictMs, timeoutMs } = this.#limits;
    if (silentMs >= timeoutMs * stretch) return true;
    return silentMs >= convictMs * stretch && unanswered(flags) >= unansweredMin;
  }

  /** Whether the agent is to be asked: the silence begins to be unusual, or the last question was not answered. */
  #asks(silentMs: Ms, flags: number): boolean {
    const { suspectMs, timeoutMs } = this.#limits;
    // Without phi the timeout itself asks, by its suspicion.
    if (suspectMs >= timeoutMs || !(silentMs >= suspectMs * this.#doubt.stretch())) return false;
    return (flags & asked) === 0 || ((flags & freshNo) !== 0 && unanswered(flags) < unansweredMin);
  }

  #silence(slot: AgentSlot, silentMs: Ms, view: AgentView): Suspicion {
    const flags = this.#flags[slot] as number;
    const stretch = this.#doubt.stretch();
    const early = silentMs < this.#limits.timeoutMs * stretch;
    const usualMs = early ? this.#arrivals.meanMs(slot) || view.policy.heartbeat.everyMs : undefined;
    return silence(view.policy.heartbeat, { silentMs, stretch, usualMs, never: (flags & unheard) !== 0 });
  }

  /** The length of silence at which an agent whose silence counts is said to be silent again. */
  #againMs(silentMs: Ms, silentForMs: Ms): Ms {
    const timeoutMs = this.#limits.timeoutMs * this.#doubt.stretch();
    const againMs = (Math.floor(silentMs / timeoutMs) + 1) * timeoutMs;
    return silentForMs > silentMs ? Math.min(againMs, silentForMs) : againMs;
  }

  /**
   * The length of silence at which an agent whose silence does not count is to be looked at next. By the usual limits:
   * doubt may be over by then. Who is past one of them is waited for longer, and is looked at now and then.
   */
  #nextMs(silentMs: Ms): Ms {
    const { suspectMs, convictMs, timeoutMs } = this.#limits;
    if (silentMs < suspectMs) return suspectMs;
    const stretch = this.#doubt.stretch();
    const limitMs = [suspectMs, convictMs, timeoutMs].find((one) => silentMs < one * stretch) ?? timeoutMs;
    return stretch === 1 ? limitMs : Math.min(limitMs * stretch, silentMs + lookAgainMs);
  }

  /** Whether the host was asked to come back, and early enough. */
  #comesBack(slot: AgentSlot, nowMs: Ms, silentMs: Ms): boolean {
    const wakeMs = this.#wakeMs[slot] as number;
    return nowMs < wakeMs && wakeMs <= nowMs + this.#nextMs(silentMs) - silentMs;
  }

  /** Since when silence is counted; NaN while it is not. */
  #armedFrom(slot: AgentSlot, { policy, sinceMs, beats }: AgentView): Ms {
    if (policy.heartbeat.expect === 'off') return Number.NaN;
    const fromMs = this.#fromMs[slot] as number;
    const arms = expectsHeartbeats(policy.heartbeat, beats === true);
    if (((this.#flags[slot] as number) & unheard) !== 0) return arms ? fromMs : Number.NaN;
    if (!Number.isNaN(fromMs) || !arms) return fromMs;
    this.#fromMs[slot] = sinceMs - this.#lostMs;
    this.#set(slot, unheard, true);
    return sinceMs - this.#lostMs;
  }

  #set(slot: AgentSlot, flag: number, on: boolean): void {
    const flags = this.#flags[slot] as number;
    this.#flags[slot] = on ? flags | flag : flags & ~flag;
  }

  #grow(slot: AgentSlot): void {
    const capacity = capacityFor(slot, this.#flags.length);
    this.#fromMs = grownFloat64(this.#fromMs, capacity, Number.NaN);
    this.#wakeMs = grownFloat64(this.#wakeMs, capacity, Number.NaN);
    this.#flags = grownUint32(this.#flags, capacity);
  }
}

const unanswered = (flags: number): number => (flags & unansweredBits) >> unansweredShift;
