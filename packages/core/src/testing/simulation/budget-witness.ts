import type { Clock } from '../../contracts/index.ts';
import type { AgentId, GroupId, Incident, Ms, Rung, SharedLimit } from '../../model/index.ts';
import type { Scenario } from './scenario.ts';
import { attemptLimits, globalLimit, groupLimit } from './scenario.ts';

const weights: Readonly<Record<Rung, number>> = { restart: 1, recreate: 2, respawn: 4, escalate: 0 };

/** What is left of a bucket that leaks evenly: a second way of counting beside that of the guard. */
class Bucket {
  readonly #clock: Clock;
  #level = 0;
  #atMs: Ms;
  #atWall: number;
  #creditMs: Ms = 0;

  /** `startedWall`: what the wall clock showed when time began, by which the guard went until it follows a step. */
  constructor(clock: Clock, startedWall: number) {
    this.#clock = clock;
    this.#atMs = clock.monotonic();
    this.#atWall = startedWall + this.#atMs;
  }

  /**
   * What is stored goes by the wall clock: set on, it refills. The guard follows a step when it can, at a time that is its
   * own, so the step is kept until it is needed. @returns the level with the weight.
   */
  add(weight: number, { most, perMs }: { readonly most: number; readonly perMs: Ms }): number {
    const [atMs, atWall] = [this.#clock.monotonic(), this.#clock.now()];
    const passedMs = atMs - this.#atMs;
    this.#creditMs += Math.max(0, atWall - this.#atWall - passedMs);
    [this.#atMs, this.#atWall] = [atMs, atWall];
    const level = Math.max(0, this.#level - (passedMs * most) / perMs) + weight;
    const usedMs = Math.min(this.#creditMs, (Math.max(0, level - most) * perMs) / most);
    this.#creditMs -= usedMs;
    this.#level = level - (usedMs * most) / perMs;
    return this.#level;
  }
}

/** I5: counts the attempts of agents, and the weight of those of groups and of all, as they are stored. */
export class BudgetWitness {
  readonly #scenario: Scenario;
  readonly #clock: Clock;
  readonly #agents = new Map<AgentId, readonly Bucket[]>();
  readonly #groups = new Map<GroupId, Bucket>();
  readonly #all: Bucket;
  readonly #startedWall: number;

  constructor(scenario: Scenario, clock: Clock) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.#startedWall = clock.now() - clock.monotonic();
    this.#all = new Bucket(clock, this.#startedWall);
  }

  /** Another attempt begins; what it is too much for. */
  begins(incident: Extract<Incident, { state: 'acting' }>): readonly string[] {
    const { agentId, group, attempt } = incident;
    const weight = attempt.plan.contain === undefined ? weights[attempt.plan.rung] : 0;
    if (weight === 0) return [];
    const ofMany = [...this.#ofGroup(group, weight), ...this.#ofAll(weight)];
    // What people agreed to may go past what many share, and the others wait the longer.
    return [...this.#ofAgent(agentId), ...(attempt.orderedBy === undefined ? ofMany : [])];
  }

  #ofAgent(agentId: AgentId): readonly string[] {
    const buckets = this.#agents.get(agentId) ?? attemptLimits.map(() => new Bucket(this.#clock, this.#startedWall));
    this.#agents.set(agentId, buckets);
    return attemptLimits.flatMap(({ max, perMs }, at) => {
      const level = (buckets[at] as Bucket).add(1, { most: max, perMs });
      return isOver(level, { most: max, perMs }) ? [`more than ${max} attempts in ${perMs} ms on ${agentId}`] : [];
    });
  }

  #ofGroup(group: GroupId, weight: number): readonly string[] {
    const bucket = this.#groups.get(group) ?? new Bucket(this.#clock, this.#startedWall);
    this.#groups.set(group, bucket);
    const size = this.#scenario.groups.find(({ id }) => id === group)?.agents.length ?? 1;
    return over(bucket, { weight, limit: groupLimit, size, whose: `group ${group}` });
  }

  #ofAll(weight: number): readonly string[] {
    const size = this.#scenario.groups.reduce((sum, { agents }) => sum + agents.length, 0);
    return over(this.#all, { weight, limit: globalLimit, size, whose: 'the fleet' });
  }
}

interface Spending {
  readonly weight: number;
  readonly limit: SharedLimit;
  readonly size: number;
  readonly whose: string;
}

function over(bucket: Bucket, { weight, limit, size, whose }: Spending): readonly string[] {
  const most = Math.max(limit.least, Math.floor(limit.share * size));
  const level = bucket.add(weight, { most, perMs: limit.perMs });
  return isOver(level, { most, perMs: limit.perMs })
    ? [`more than a weight of ${most} in ${limit.perMs} ms for ${whose}`]
    : [];
}

/** A place is taken when it is decided, and stored as late as this: two commits, each into a slow store. */
const commitMs: Ms = 6_000;

function isOver(level: number, { most, perMs }: { readonly most: number; readonly perMs: Ms }): boolean {
  return level > most * (1 + commitMs / perMs) + 1e-3;
}
