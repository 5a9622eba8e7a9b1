import type { AgentMetrics, Health, Ms, SloObjective, SloPolicy } from '../../model/index.ts';
import { LatencySketch } from './latency-sketch.ts';
import type { Counted, SavedTally } from './slo-tally.ts';
import { Tally } from './slo-tally.ts';

/** Longest time one reported request rate is taken to hold for. */
const rateHoldsMs: Ms = 120_000;
const savedVersion = 1;

type Observed = 'up' | 'down' | 'unobserved';

/** The service levels of one agent, as counts. Holds memory only for what the agent shows or reports. */
export class SloRecord {
  readonly agentId: string;
  /** Lines of the burn table that stand, by `objective/line`. */
  readonly raised = new Set<string>();
  readonly #tallies: { [O in SloObjective]?: Tally } = {};
  readonly #lastMs: { [O in SloObjective]?: Ms } = {};
  #sketch: LatencySketch | undefined;
  #observed: Observed = 'unobserved';
  /** The span that runs is not in the ring yet; an agent that was always up needs no ring. */
  #observedSinceMs: Ms = 0;
  /** When a request rate was last reported. */
  #figureMs: Ms | undefined;
  #tasks: { readonly completed: number; readonly failed: number } | undefined;

  constructor(agentId: string) {
    this.agentId = agentId;
  }

  /** Of the objectives whose counts say something. */
  *known(): Iterable<SloObjective> {
    if (this.#tallies.availability || this.#observed !== 'unobserved') yield 'availability';
    for (const objective of ['errorRate', 'successRate', 'latencyP95', 'latencyP99'] as const)
      if (this.#tallies[objective]) yield objective;
  }

  /** When the objective was last counted. */
  lastMs(objective: SloObjective): Ms | undefined {
    return this.#lastMs[objective];
  }

  /**
   * Counts what an agent reports: requests by rate and time since the report before, tasks by their counters, and a
   * percentile as one sample that is under its target or not. Returns whether anything of it was bad.
   */
  report(metrics: AgentMetrics, slo: SloPolicy, nowMs: Ms): boolean {
    const { error_rate: errorRate, requests_per_second: rate, p95_latency_ms: p95, p99_latency_ms: p99 } = metrics;
    let bad = false;
    const count = (objective: SloObjective, counted: Counted): void => {
      bad ||= counted.bad > 0;
      this.#count(objective, counted, nowMs);
    };
    if (errorRate !== undefined && rate !== undefined) {
      const requests = (rate * Math.min(rateHoldsMs, nowMs - (this.#figureMs ?? nowMs))) / 1_000;
      this.#figureMs = nowMs;
      if (requests > 0) count('errorRate', { total: requests, bad: requests * errorRate });
    }
    const tasks = this.#newTasks(metrics);
    if (tasks) count('successRate', tasks);
    if (p95 !== undefined) count('latencyP95', { total: 1, bad: p95 > slo.latencyP95Ms ? 1 : 0 });
    if (p99 !== undefined) count('latencyP99', { total: 1, bad: p99 > slo.latencyP99Ms ? 1 : 0 });
    return bad;
  }

  /** The guard measured it itself. */
  measured(latencyMs: Ms, nowMs: Ms): void {
    this.#sketch ??= new LatencySketch();
    this.#sketch.add(latencyMs, nowMs);
  }

  latency(nowMs: Ms): ReturnType<LatencySketch['figures']> {
    return this.#sketch?.figures(nowMs);
  }

  /**
   * The agent has this health from now on; unknown is neither up nor down. Returns whether there is more than before
   * that is worth keeping.
   */
  health(health: Health, nowMs: Ms): boolean {
    const observed = health === 'unknown' ? 'unobserved' : health === 'failed' ? 'down' : 'up';
    if (observed === this.#observed) return false;
    this.#settle(nowMs);
    this.#observed = observed;
    this.#observedSinceMs = nowMs;
    return this.#tallies.availability !== undefined;
  }

  /** What was counted of an objective in a window. */
  read(objective: SloObjective, { windowMs, nowMs }: { windowMs: Ms; nowMs: Ms }, ofInstance = false): Counted {
    if (objective !== 'availability') return this.#tallies[objective]?.read(windowMs, nowMs, ofInstance) ?? nothing;
    const { total, bad } = this.#tallies.availability?.read(windowMs, nowMs) ?? nothing;
    const running = this.#observed === 'unobserved' ? 0 : Math.min(windowMs, nowMs - this.#observedSinceMs);
    return { total: total + running, bad: bad + (this.#observed === 'down' ? running : 0) };
  }

  /** For how long the objective has been counted. */
  coveredMs(objective: SloObjective, nowMs: Ms, ofInstance: boolean): Ms {
    return this.#tallies[objective]?.coveredMs(nowMs, ofInstance) ?? 0;
  }

  /** A new instance: what pages is about it alone, and its counters begin anew. */
  newInstance(): void {
    for (const tally of Object.values(this.#tallies)) tally.mark();
    this.#tasks = undefined;
    this.#figureMs = undefined;
    this.raised.clear();
  }

  /** The guard stood still: what the agents did meanwhile is not known. */
  paused(lostMs: Ms, nowMs: Ms): void {
    this.#figureMs = undefined;
    if (this.#observed === 'unobserved') return;
    this.#settle(Math.max(this.#observedSinceMs, nowMs - lostMs));
    this.#observedSinceMs = nowMs;
  }

  save(nowMs: Ms): SavedRecord {
    if (this.#observed === 'down' || this.#tallies.availability) {
      this.#settle(nowMs);
      this.#observedSinceMs = nowMs;
    }
    const tallies = Object.entries(this.#tallies).map(([name, tally]) => [name, tally.save(nowMs)] as const);
    const lasts = Object.entries(this.#lastMs).map(([name, atMs]) => [name, nowMs - atMs] as const);
    return {
      v: savedVersion,
      tallies: Object.fromEntries(tallies),
      agoMs: Object.fromEntries(lasts),
      raised: [...this.raised],
      ...(this.#figureMs === undefined ? {} : { figureAgoMs: nowMs - this.#figureMs }),
      ...(this.#tasks ? { tasks: [this.#tasks.completed, this.#tasks.failed] } : {}),
    };
  }

  /** Takes back what was saved; `savedMs` is when, on the present clock. Throws on what is not of this form. */
  load(saved: SavedRecord, savedMs: Ms): void {
    if (saved.v !== savedVersion) throw new TypeError(`version ${String(saved.v)} is not known`);
    for (const [name, counted] of Object.entries(saved.tallies)) {
      const tally = new Tally();
      tally.load(counted, savedMs);
      this.#tallies[name as SloObjective] = tally;
    }
    for (const [name, agoMs] of Object.entries(saved.agoMs)) this.#lastMs[name as SloObjective] = savedMs - agoMs;
    for (const key of saved.raised) this.raised.add(key);
    if (saved.figureAgoMs !== undefined) this.#figureMs = savedMs - saved.figureAgoMs;
    if (saved.tasks) this.#tasks = { completed: saved.tasks[0], failed: saved.tasks[1] };
  }

  #newTasks({ tasks_completed: completed, tasks_failed: failed }: AgentMetrics): Counted | undefined {
    if (completed === undefined || failed === undefined) return undefined;
    const last = this.#tasks;
    this.#tasks = { completed, failed };
    // Counters that fell began anew with the process.
    if (!last || completed < last.completed || failed < last.failed) return undefined;
    const bad = failed - last.failed;
    const total = completed - last.completed + bad;
    return total > 0 ? { total, bad } : undefined;
  }

  #count(objective: SloObjective, counted: Counted, nowMs: Ms): void {
    (this.#tallies[objective] ??= new Tally()).add(nowMs, counted);
    this.#lastMs[objective] = nowMs;
  }

  /** Writes the time that has run into the ring. */
  #settle(nowMs: Ms): void {
    if (this.#observed === 'unobserved' || nowMs <= this.#observedSinceMs) return;
    const tally = (this.#tallies.availability ??= new Tally());
    tally.addSpan(this.#observedSinceMs, nowMs, this.#observed === 'down');
    this.#lastMs.availability = nowMs;
  }
}

/** What `save` gives, as it is read back. */
export interface SavedRecord {
  readonly v: number;
  readonly tallies: { readonly [objective: string]: SavedTally };
  readonly agoMs: { readonly [objective: string]: Ms };
  readonly raised: readonly string[];
  readonly figureAgoMs?: Ms;
  readonly tasks?: readonly [number, number];
}

const nothing: Counted = { total: 0, bad: 0 };
