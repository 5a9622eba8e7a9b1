import type { AgentSlot, Clock, SignalBatch, SlottedSignal } from '../../contracts/index.ts';
import type { Detection } from '../../detection/index.ts';
import type { Fleet } from '../../fleet/index.ts';
import type { AgentId, GroupId, Ms, ProbeName, ProbeSignal, Signal } from '../../model/index.ts';
import { isAskable } from '../../model/index.ts';
import type { Collector } from '../../monitoring/index.ts';
import type { AgentSight, View } from './view.ts';

/** Monotonic times per agent; -Infinity = never. */
interface Seen {
  /** A heartbeat of the current instance. */
  beatMs: Ms;
  /** A heartbeat, or a probe that was answered well. */
  lifeMs: Ms;
  /** A probe that was answered well. */
  answerMs: Ms;
  /** One that asks whether it is alive. */
  aliveMs: Ms;
  /** A probe was asked, whatever came of it. */
  askedMs: Ms;
  /** A suspicion was raised or stood. */
  badMs: Ms;
  /** The work advanced. */
  progressMs: Ms;
  lastProgressAt: number;
  /** Figures came, from whomever. */
  figuresMs: Ms;
  /** The agent itself gave figures, or somebody got them of it. */
  saidMs: Ms;
  /** Probes that failed one after another. */
  errors: number;
  /** Why its address may not be called, while that is so. */
  denied: string | undefined;
  /** Which probe cannot be asked, and why, while that is so. */
  unaskable: { readonly probe: ProbeName; readonly why: string } | undefined;
  /** The role it says it has, with its epoch. */
  role: string | undefined;
  /** The agent has sent heartbeats at some time, so that it is expected to send them again after a recovery. */
  beats: boolean;
}

/** Those that everybody is asked by the clock. */
const scheduled = ['liveness', 'readiness', 'performance'] as const satisfies readonly ProbeName[];
const probeNames = [...scheduled, 'health'] as const satisfies readonly ProbeName[];

export interface FleetSightOptions {
  /** Whether the orchestrator's inventory is followed now; else what it said last may be long over. */
  isFollowed(orchestrator: string): boolean;
  readonly fleet: Fleet;
  readonly detection: Detection;
  readonly collector: Collector;
  readonly clock: Clock;
  /** The first heartbeat of an instance. */
  heard(slot: AgentSlot): void;
}

/** What a tick brought that others have to look at. */
export interface Observed {
  /** Agents whose run of failed probes grew or ended. */
  readonly turned: ReadonlySet<AgentSlot>;
  /** Groups in which an agent says another role than before. */
  readonly spoken: ReadonlySet<GroupId>;
}

/** What the decisions see of an agent: fleet, figures and findings joined, and how long it has been sound. */
export class FleetSight implements View {
  readonly #o: FleetSightOptions;
  readonly #seen: (Seen | undefined)[] = [];

  constructor(options: FleetSightOptions) {
    this.#o = options;
  }

  /** Takes in what arrived, as the detectors do. */
  observe(batch: SignalBatch): Observed {
    const { length, slots, atMs } = batch.heartbeats;
    for (let at = 0; at < length; at += 1) this.#beat(slots[at] as AgentSlot, atMs[at] as Ms);
    const turned = new Set<AgentSlot>();
    const spoken = new Set<GroupId>();
    for (const one of batch.signals) {
      const before = this.consecutiveErrors(one.slot);
      this.#signal(one);
      if (this.consecutiveErrors(one.slot) !== before) turned.add(one.slot);
      if (this.#saysAnotherRole(one)) spoken.add(this.#o.fleet.agent(one.slot)?.agent.group ?? '');
    }
    return { turned, spoken };
  }

  /** A suspicion was raised or cleared at this moment: soundness begins anew from here. */
  bad(slot: AgentSlot, nowMs: Ms): void {
    this.#of(slot).badMs = nowMs;
  }

  /** New agent or instance: only whether the agent is one that sends heartbeats is kept. */
  reset(slot: AgentSlot): void {
    const beats = this.#of(slot).beats || this.#o.fleet.agent(slot)?.beats === true;
    this.#seen[slot] = { ...nothingSeen(), beats, badMs: this.#o.clock.monotonic() };
  }

  remove(slot: AgentSlot): void {
    this.#seen[slot] = undefined;
  }

  see(agentId: AgentId): AgentSight | undefined {
    const { fleet, detection, collector } = this.#o;
    const slot = fleet.slotOf(agentId);
    const view = slot === undefined ? undefined : fleet.agent(slot);
    if (slot === undefined || !view) return undefined;
    const { health, findings } = detection.status(slot);
    const seen = this.#of(slot);
    const nowMs = this.#o.clock.monotonic();
    const progress = collector.progressOf(slot);
    const heardMs = Math.max(seen.lifeMs, seen.saidMs);
    return {
      agent: view.agent,
      policy: view.policy,
      health,
      findings,
      metrics: collector.metricsOf(slot),
      soundForMs: findings.length > 0 || health === 'failed' ? 0 : this.#soundFor(slot, nowMs),
      ...(seen.progressMs === -Infinity ? {} : { progressAgoMs: nowMs - seen.progressMs }),
      ...(seen.answerMs === -Infinity ? {} : { answeredAgoMs: nowMs - seen.answerMs }),
      ...(seen.figuresMs === -Infinity ? {} : { figuresAgoMs: nowMs - seen.figuresMs }),
      ...(progress ? { progress } : {}),
      beats: seen.beats,
      asked: this.#isAsked(slot, probeNames),
      wasAlive: seen.aliveMs !== -Infinity,
      ...(heardMs === -Infinity ? {} : { heardAgoMs: nowMs - heardMs }),
      consecutiveErrors: seen.errors,
    };
  }

  /** That one of its probes cannot be asked does not keep the others from being answered. */
  #isAsked(slot: AgentSlot, by: readonly ProbeName[]): boolean {
    const { denied, unaskable } = this.#of(slot);
    const { fleet } = this.#o;
    const probes = fleet.agent(slot)?.policy.probes;
    const isAddressed = denied === undefined && fleet.endpointOf(slot) !== undefined;
    return by.some(
      (probe) => probes !== undefined && probe !== unaskable?.probe && isAskable(probes, probe, isAddressed),
    );
  }

  knows(agentId: AgentId): boolean {
    return this.#o.fleet.slotOf(agentId) !== undefined;
  }

  groupSize(group: GroupId): number {
    return this.#o.fleet.byGroup(group).size;
  }

  members(group: GroupId): readonly AgentId[] {
    const { fleet } = this.#o;
    return [...fleet.byGroup(group)].flatMap((slot) => fleet.agent(slot)?.agent.id ?? []);
  }

  consecutiveErrors(slot: AgentSlot): number {
    return this.#seen[slot]?.errors ?? 0;
  }

  /** When the agent was heard, or answered well, last; `undefined`: never. */
  heardMs(slot: AgentSlot): Ms | undefined {
    const { lifeMs = -Infinity } = this.#seen[slot] ?? {};
    return lifeMs === -Infinity ? undefined : lifeMs;
  }

  /**
   * Whether the guard has yet to get to know the agent: it will be asked, and since a moment and since the instance began
   * neither was it asked nor did it say anything (R05). That there was an answer is not needed: it may never come.
   */
  isUnseen(slot: AgentSlot, sinceMs: Ms): boolean {
    const { lifeMs, askedMs } = this.#of(slot);
    return lifeMs < sinceMs && askedMs < sinceMs && this.#isAsked(slot, scheduled);
  }

  /** Which probe of the agent cannot be asked before the config changes; `undefined` while all can. */
  unaskable(slot: AgentSlot): { readonly probe: ProbeName; readonly why: string } | undefined {
    return this.#seen[slot]?.unaskable;
  }

  /** Why the agent's address may not be called; `undefined` while it may. */
  denied(slot: AgentSlot): string | undefined {
    return this.#seen[slot]?.denied;
  }

  /**
   * Sound since the last suspicion, and proven by signs of life after it (R07): an agent that has ever sent heartbeats
   * has to send them again; one that never did is proven by its probes. Of one that cannot be asked at its address
   * either, or has none, the word of its orchestrator that the instance runs is all there is to be had.
   */
  #soundFor(slot: AgentSlot, nowMs: Ms): Ms {
    const seen = this.#of(slot);
    const policy = this.#o.fleet.agent(slot)?.policy;
    const proof = this.#runsUnheard(slot, seen) ? nowMs : seen.beats ? seen.beatMs : seen.lifeMs;
    if (!policy || proof <= seen.badMs) return 0;
    const fresh = seen.beats
      ? policy.heartbeat.timeoutMs
      : Math.max(3 * policy.watch.everyMs, 2 * policy.probes.liveness.everyMs);
    return nowMs - proof > fresh ? 0 : Math.max(1, nowMs - seen.badMs);
  }

  #runsUnheard(slot: AgentSlot, { beats }: Seen): boolean {
    const { fleet } = this.#o;
    if (beats || (fleet.endpointOf(slot) !== undefined && this.#isAsked(slot, probeNames))) return false;
    const agent = fleet.agent(slot)?.agent;
    return (
      agent?.orchestrator !== undefined && agent.instance?.state === 'running' && this.#o.isFollowed(agent.orchestrator)
    );
  }

  #saysAnotherRole({ slot, signal }: SlottedSignal): boolean {
    if (signal.kind !== 'heartbeat' || signal.role === undefined) return false;
    const role = `${signal.role} of ${signal.epoch ?? 0}`;
    const seen = this.#of(slot);
    if (seen.role === role) return false;
    seen.role = role;
    return true;
  }

  #beat(slot: AgentSlot, atMs: Ms): void {
    const seen = this.#of(slot);
    if (seen.beatMs === -Infinity) this.#o.heard(slot);
    seen.beatMs = atMs;
    seen.lifeMs = atMs;
    seen.beats = true;
  }

  #signal({ slot, signal }: SlottedSignal): void {
    if ('metrics' in signal && signal.metrics) this.#figures(this.#of(slot), signal);
    if (signal.kind === 'heartbeat') {
      this.#beat(slot, signal.receivedMs);
      const at = signal.progress?.lastProgressAt;
      if (at !== undefined) this.#progress(slot, at, signal.receivedMs);
      return;
    }
    if (signal.kind === 'probe') this.#answer(slot, signal);
  }

  #answer(slot: AgentSlot, signal: ProbeSignal): void {
    const seen = this.#of(slot);
    const { probe } = signal;
    seen.askedMs = signal.receivedMs;
    if (signal.unaskable === true) seen.unaskable = { probe, why: signal.detail ?? 'it cannot be asked' };
    else if (seen.unaskable?.probe === probe) seen.unaskable = undefined;
    seen.denied = signal.denied === true ? (signal.detail ?? 'it may not be called') : undefined;
    if (signal.outcome === 'up') {
      seen.lifeMs = signal.receivedMs;
      seen.answerMs = signal.receivedMs;
      if (probe === 'liveness' || probe === 'health') seen.aliveMs = signal.receivedMs;
      seen.errors = 0;
    } else if (signal.outcome === 'down' && signal.probe !== 'readiness') {
      seen.errors += 1;
    }
  }

  #figures(seen: Seen, signal: Signal): void {
    seen.figuresMs = signal.receivedMs;
    if (signal.kind !== 'metrics' || signal.outside !== true) seen.saidMs = signal.receivedMs;
  }

  /** The first report is no advance: it says only where the work stands. */
  #progress(slot: AgentSlot, at: number, nowMs: Ms): void {
    const seen = this.#of(slot);
    if (at > seen.lastProgressAt && seen.lastProgressAt !== -Infinity) seen.progressMs = nowMs;
    seen.lastProgressAt = Math.max(seen.lastProgressAt, at);
  }

  #of(slot: AgentSlot): Seen {
    return (this.#seen[slot] ??= nothingSeen());
  }
}

function nothingSeen(): Seen {
  return {
    beatMs: -Infinity,
    lifeMs: -Infinity,
    answerMs: -Infinity,
    aliveMs: -Infinity,
    askedMs: -Infinity,
    badMs: -Infinity,
    progressMs: -Infinity,
    lastProgressAt: -Infinity,
    figuresMs: -Infinity,
    saidMs: -Infinity,
    errors: 0,
    denied: undefined,
    unaskable: undefined,
    role: undefined,
    beats: false,
  };
}
