import type { AgentSlot, Clock, Detector, FleetView, Logger, Metrics, SignalBatch } from '../contracts/index.ts';
import { messageOf } from '../contracts/index.ts';
import type { EpochMs, Finding, Health, Ms, Reason, SloStatus } from '../model/index.ts';
import { DetectorHost, type HostedEvaluation } from './detector-host.ts';
import { DetectorMemory } from './detector-memory.ts';
import { FlapMonitor } from './flapping.ts';
import { FindingBook, type Cleared } from './finding-book.ts';
import { HealthMonitor, type HealthChange } from './health-monitor.ts';

/** A tick this late means that the guard itself stood still, unless it is said otherwise. */
const usualStallMs = 10_000;
/** Longest time deadlines are put off after a stall. */
const postponeMaxMs = 60_000;

export interface DetectionOptions {
  /** By the names they go by; `policy.detectors` uses these, or `aliases`. */
  readonly detectors: ReadonlyMap<string, Detector>;
  /** Further names of a detector, by the one it goes by. [none] */
  readonly aliases?: (name: string) => readonly string[];
  readonly fleet: FleetView;
  readonly clock: Clock;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** A tick this late means that the guard itself stood still. [10 s] */
  readonly stallMs?: Ms;
}

/** What a tick brought. */
export interface DetectionResult {
  /** New findings, and known ones that mean more than before (same id). */
  readonly raised: readonly Finding[];
  readonly cleared: readonly Cleared[];
  readonly health: readonly HealthChange[];
  /** Agents to be asked at once. */
  readonly confirm: readonly AgentSlot[];
  /** Agents to be asked at once of whom nothing is suspected yet: the answer counts like any other. */
  readonly ask: readonly AgentSlot[];
  /** Detectors that failed in this tick and had not before. */
  readonly degraded: readonly { readonly what: string; readonly why: string }[];
  /** Detectors that work again. */
  readonly recovered: readonly string[];
}

/** What is known of an agent's health now. */
export interface DetectionStatus {
  readonly health: Health;
  /** What the health would be without a watch, which allows `degraded` at most. */
  readonly observed: Health;
  readonly since: EpochMs;
  readonly findings: readonly Finding[];
  readonly missed: number;
  readonly failures: number;
  readonly watched: boolean;
  /** Time since the last heartbeat; absent when there was none. */
  readonly silentMs?: Ms;
  /** Observed time not failed over observed time, 24 h, 0–100. */
  readonly uptimePercentage?: number;
}

interface Outcome {
  readonly raised: Finding[];
  readonly cleared: Cleared[];
  readonly health: HealthChange[];
  readonly confirm: Set<AgentSlot>;
  readonly ask: Set<AgentSlot>;
  readonly degraded: { readonly what: string; readonly why: string }[];
  readonly recovered: string[];
}

/**
 * Lets the detectors work on what arrived and on who is due, keeps what they suspect, and computes health. A tick costs
 * what happened, not what there is: agents nobody heard of and nobody waits for are not looked at.
 */
export class Detection {
  readonly #hosts: readonly DetectorHost[];
  readonly #failing = new Set<string>();
  readonly #fleet: FleetView;
  readonly #clock: Clock;
  readonly #log: Logger;
  readonly #metrics: Metrics;
  readonly #book = new FindingBook();
  readonly #health: HealthMonitor;
  /** Changes between two ticks: told with the next. */
  #clearedSince: Cleared[] = [];
  /** Slots whose health has to be looked at. */
  readonly #touchedSince = new Set<AgentSlot>();
  #lastTickMs: Ms | undefined;
  readonly #stallMs: Ms;
  readonly #memory: DetectorMemory;
  readonly #flaps = new FlapMonitor();

  constructor({ detectors, aliases = () => [], fleet, clock, log, metrics, stallMs = usualStallMs }: DetectionOptions) {
    const nowMs = clock.monotonic();
    this.#hosts = [...detectors].map(
      ([name, detector]) => new DetectorHost([name, ...aliases(name)], detector, fleet, nowMs),
    );
    this.#fleet = fleet;
    this.#clock = clock;
    this.#log = log;
    this.#metrics = metrics;
    this.#health = new HealthMonitor({ fleet, clock });
    this.#stallMs = stallMs;
    this.#memory = new DetectorMemory(this.#hosts, log);
  }

  tick(batch: SignalBatch, nowMs: Ms): DetectionResult {
    const outcome = this.#beginOutcome();
    const touched = new Set<AgentSlot>();
    this.#health.observe(batch, touched);
    this.#noteStall(nowMs);
    for (const host of this.#hosts) this.#run(host, batch, nowMs, outcome);
    for (const slot of this.#touchedSince) touched.add(slot);
    this.#touchedSince.clear();
    for (const slot of this.#flaps.flapping) touched.add(slot);
    for (const slot of touched) {
      this.#lookForFlapping(slot, nowMs, outcome);
      const change = this.#health.judge(slot, this.#book.of(slot), nowMs);
      if (!change) continue;
      outcome.health.push(change);
      for (const host of this.#hosts) this.#guarded(host, () => host.judged(slot, change.to, nowMs));
    }
    for (const slot of outcome.confirm) outcome.ask.delete(slot);
    return { ...outcome, confirm: [...outcome.confirm], ask: [...outcome.ask] };
  }

  /** A new agent in the slot, or a new instance of it: what stood against the old one is cleared. */
  reset(slot: AgentSlot): void {
    const nowMs = this.#clock.monotonic();
    this.#clearedSince.push(...this.#book.clear(slot));
    this.#health.reset(slot);
    this.#flaps.reset(slot);
    this.#touchedSince.add(slot);
    for (const host of this.#hosts) this.#guarded(host, () => host.reset(slot, nowMs));
  }

  /** The agent left. Nothing is said of it any more. */
  remove(slot: AgentSlot): void {
    this.#book.clear(slot);
    this.#touchedSince.delete(slot);
    this.#health.remove(slot);
    this.#flaps.reset(slot);
    for (const host of this.#hosts) this.#guarded(host, () => host.remove(slot));
  }

  /** The agent's policy changed: other detectors may watch it, by other figures. */
  policyChanged(slot: AgentSlot): void {
    const nowMs = this.#clock.monotonic();
    for (const host of this.#hosts) {
      this.#guarded(host, () => {
        if (!host.reselect(slot, nowMs)) this.#clearedSince.push(...this.#book.clear(slot, host.name));
      });
    }
    this.#touchedSince.add(slot);
  }

  /** Under watch health is at most degraded; what it would be is `status().observed`. */
  setWatched(slot: AgentSlot, watched: boolean): void {
    const nowMs = this.#clock.monotonic();
    this.#health.setWatched(slot, watched);
    this.#touchedSince.add(slot);
    for (const host of this.#hosts) this.#guarded(host, () => host.watched(slot, watched, nowMs));
  }

  /** An incident of the agent began or ended. */
  setTroubled(slot: AgentSlot, troubled: boolean): void {
    for (const host of this.#hosts) this.#guarded(host, () => host.troubled(slot, troubled));
  }

  /** Counts a failed attempt at healing; `at` for one of an earlier run of the guard, read from the ledger. */
  addFailedAttempt(slot: AgentSlot, at?: EpochMs): void {
    this.#health.addFailure(slot, at ?? this.#clock.now());
  }

  status(slot: AgentSlot): DetectionStatus {
    const status = this.#health.status(slot, this.#clock.monotonic());
    return { ...status, findings: this.#book.of(slot), failures: this.#health.failures(slot) };
  }

  /** Service levels of the agent, if a detector counts them. */
  serviceLevels(slot: AgentSlot): SloStatus | undefined {
    const nowMs = this.#clock.monotonic();
    for (const host of this.#hosts) {
      const levels = this.#guarded(host, () => host.serviceLevels(slot, nowMs));
      if (levels) return levels;
    }
    return undefined;
  }

  /** What detectors have to say of the agent that is no suspicion. */
  remarks(slot: AgentSlot): readonly Reason[] {
    const nowMs = this.#clock.monotonic();
    return this.#hosts.flatMap((host) => this.#guarded(host, () => host.remarks(slot, nowMs)) ?? []);
  }

  /** The detectors' durable memory, for who writes it down. */
  get memory(): DetectorMemory {
    return this.#memory;
  }

  /** Flapping is seen in what stands against the agent, so after all detectors have spoken. */
  #lookForFlapping(slot: AgentSlot, nowMs: Ms, outcome: Outcome): void {
    const view = this.#fleet.agent(slot);
    if (!view) return;
    const suspicions = this.#flaps.look(slot, this.#book.of(slot), { policy: view.policy.flapping, nowMs });
    if (!suspicions) return;
    const { raised, cleared } = this.#book.update('flapping', { slot, suspicions }, view, this.#clock.now());
    outcome.raised.push(...raised);
    outcome.cleared.push(...cleared);
  }

  #beginOutcome(): Outcome {
    const cleared = this.#clearedSince;
    this.#clearedSince = [];
    return { raised: [], cleared, health: [], confirm: new Set(), ask: new Set(), degraded: [], recovered: [] };
  }

  /** While the guard stood still no heartbeat was read: agents get the time to be heard again. */
  #noteStall(nowMs: Ms): void {
    const gapMs = nowMs - (this.#lastTickMs ?? nowMs);
    this.#lastTickMs = nowMs;
    if (gapMs < this.#stallMs) return;
    this.#log.warn({ gapMs }, 'the guard stood still; deadlines are put off');
    this.#metrics.count('praetorian_stalls_total');
    for (const host of this.#hosts)
      this.#guarded(host, () => host.paused(gapMs, nowMs, nowMs + Math.min(gapMs, postponeMaxMs)));
  }

  #run(host: DetectorHost, batch: SignalBatch, nowMs: Ms, outcome: Outcome): void {
    try {
      const evaluations = host.run(batch, nowMs);
      // What a plugin says may be nonsense: that is its failure, and not one of the tick.
      for (const one of evaluations ?? []) this.#take(host.name, one, outcome);
      if (evaluations && this.#failing.delete(host.name)) outcome.recovered.push(`detector ${host.name}`);
    } catch (error) {
      if (!this.#failing.has(host.name))
        outcome.degraded.push({ what: `detector ${host.name}`, why: messageOf(error) });
      this.#failed(host, error);
    }
  }

  #guarded<T>(host: DetectorHost, work: () => T): T | undefined {
    try {
      return work();
    } catch (error) {
      this.#log.error({ detector: host.name, err: error }, 'a detector failed beside its judging');
      this.#metrics.count('praetorian_detector_failures_total', 1, { detector: host.name });
      return undefined;
    }
  }

  #failed(host: DetectorHost, error: unknown): void {
    if (!this.#failing.has(host.name))
      this.#log.error({ detector: host.name, err: error }, 'a detector failed; the others go on');
    this.#failing.add(host.name);
    this.#metrics.count('praetorian_detector_failures_total', 1, { detector: host.name });
  }

  #take(detector: string, { evaluation, woken }: HostedEvaluation, outcome: Outcome): void {
    const { slot, suspicions } = evaluation;
    const view = this.#fleet.agent(slot);
    if (!view) return;
    this.#touchedSince.add(slot);
    if (evaluation.ask === true) outcome.ask.add(slot);
    const { raised, cleared } = this.#book.update(detector, evaluation, view, this.#clock.now());
    outcome.raised.push(...raised);
    outcome.cleared.push(...cleared);
    for (const suspicion of suspicions) {
      // Asked when it is new and each time its deadline comes round, not with every signal.
      if (suspicion.confirm !== true || !(woken || raised.some(({ kind }) => kind === suspicion.kind))) continue;
      outcome.confirm.add(slot);
      if (suspicion.kind === 'heartbeat-timeout') this.#health.timedOut(slot);
    }
  }
}
