import type { Agent, AgentId, GroupId, Mode, Ms, SharedLimit } from '../../model/index.ts';
import type { AgentFault } from '../simulated-fleet.ts';

export type OperatorAct =
  | 'hold'
  | 'release'
  | 'acknowledge'
  | 'approve'
  | 'reject'
  | 'resolve'
  | 'respawn'
  | 'deregister';

/** At which call a guard is cut off, and on which side of its effect. */
export interface Cut {
  readonly at: 'commit' | 'prepare' | 'execute' | 'reconcile';
  readonly side: 'before' | 'after';
  /** Calls of that sort let through first. */
  readonly skip: number;
}

export type FaultSpec =
  /** The process ends, and again soon after each of the next `again` new instances began. */
  | { readonly kind: 'crash'; readonly agentId: AgentId; readonly again: number }
  | {
      readonly kind: 'suffer';
      readonly agentId: AgentId;
      readonly fault: AgentFault;
      readonly forMs: Ms;
      /** New instances that suffer from it too. */
      readonly survives: number;
    }
  | { readonly kind: 'heartbeats'; readonly loss: number; readonly lateMs: Ms; readonly forMs: Ms }
  | {
      readonly kind: 'orchestrator';
      readonly how: 'fail' | 'throw' | 'refuse' | 'lose-reply' | 'no-reply' | 'slow' | 'blind';
      /** Calls it concerns. */
      readonly times: number;
      readonly forMs: Ms;
    }
  /** The inventory ends; so do the next `again` tries to list it. */
  | { readonly kind: 'inventory'; readonly again: number }
  /** `lost-answer`: written, and the caller told that the store does not answer. */
  | {
      readonly kind: 'store';
      readonly how: 'conflict' | 'unavailable' | 'lost-answer' | 'slow';
      readonly times: number;
      readonly forMs: Ms;
    }
  | { readonly kind: 'wall'; readonly byMs: Ms }
  /** `pick` chooses among what there is when it comes to it. */
  | {
      readonly kind: 'operator';
      readonly act: OperatorAct;
      readonly pick: number;
      readonly scope: 'agent' | 'group' | 'fleet';
      readonly ttlMs: Ms;
    }
  | { readonly kind: 'guard-crash'; readonly cut?: Cut; readonly downMs: Ms }
  /** Neither heartbeats nor probes of these get through, and of the canaries as they say. */
  | { readonly kind: 'partition'; readonly whom: readonly AgentId[]; readonly canaries: boolean; readonly forMs: Ms }
  /** The canary endpoints do not answer, and everybody else does. */
  | { readonly kind: 'canaries'; readonly forMs: Ms }
  /** Somebody stops or pauses the instance, and starts it again later. */
  | { readonly kind: 'by-hand'; readonly agentId: AgentId; readonly how: 'stopped' | 'paused'; readonly forMs: Ms }
  | {
      readonly kind: 'rollout';
      readonly group: GroupId;
      readonly how: NonNullable<Agent['rollout']>;
      readonly forMs: Ms;
    };

/** A fault that has no place in a schedule yet. */
export type Unnumbered = FaultSpec & { readonly atMs: Ms };

/** One line of the schedule. */
export type ScheduledFault = FaultSpec & { readonly id: number; readonly atMs: Ms };

export interface SimulatedGroup {
  readonly id: GroupId;
  readonly agents: readonly AgentId[];
  readonly mode: Mode;
  /** What every agent of the group depends on. */
  readonly dependsOn: readonly AgentId[];
  /** Its first agent is the primary of the others, which take its place. [no roles] */
  readonly failover?: SimulatedFailover;
}

export interface SimulatedFailover {
  readonly when: 'after-restart' | 'at-once';
  /** How far behind the replicas say they are, in their order; at most 1 s is allowed. */
  readonly lagsMs: readonly Ms[];
  /** Answers to orders to lead that are lost. */
  readonly lost: number;
  /** Who is isolated cannot be heard or asked by the guard either. */
  readonly cuts: boolean;
}

/** A window of maintenance that opens again every so many minutes of the hour. */
export interface SimulatedWindow {
  readonly everyMin: number;
  readonly forMin: number;
  /** [the whole fleet] */
  readonly group?: GroupId;
}

/** Everything a run depends on; drawn from the seed, and made smaller when a failure is looked into. */
export interface Scenario {
  readonly seed: number;
  readonly orchestrator: 'single' | 'workload';
  readonly groups: readonly SimulatedGroup[];
  readonly drain: boolean;
  readonly wholeWorkload: boolean;
  readonly inFlight: number;
  /** Persons who have to approve. */
  readonly quorum: number;
  /** The guard has canary endpoints. */
  readonly canaries: boolean;
  readonly window?: SimulatedWindow;
  readonly faults: readonly ScheduledFault[];
  /** The faults are over; what is left is time to heal. */
  readonly endMs: Ms;
}

/** Grace after the guard's start in every scenario. */
export const settleMs: Ms = 5_000;
/** Attempts an agent may have, as configured in every scenario. */
export const attemptLimits = [{ max: 4, perMs: 300_000 }] as const;

/** Weight that recoveries may have, as configured in every scenario. */
export const groupLimit: SharedLimit = { share: 0.1, least: 7, perMs: 300_000 };
export const globalLimit: SharedLimit = { share: 0.1, least: 16, perMs: 600_000 };
/** When the fleet breaker opens, as configured in every scenario. */
export const breaker = { least: 3, threshold: 0.5, windowMs: 10_000 } as const;

/** The config of the guard, in the shape of the file: the proportions of the defaults, in less time. */
export function configOf(scenario: Scenario): object {
  const groups = scenario.groups.map(({ id, mode, failover }) => [id, { mode, ...failoverOf(failover) }] as const);
  const agents = scenario.groups.flatMap(({ id: group, agents: ids, dependsOn }) =>
    dependsOn.length === 0 ? [] : ids.map((id) => [id, { group, dependsOn }] as const),
  );
  const { window, canaries } = scenario;
  return {
    tick: '250ms',
    heartbeat: { every: '3s', timeout: '9s', silentFor: '60s', stalledFor: '45s' },
    probes: {
      liveness: { every: '3s', timeout: '1500ms' },
      readiness: { every: '3s', timeout: '1500ms' },
      performance: { every: '6s', timeout: '1500ms' },
      health: { timeout: '1500ms' },
      startGrace: '3s',
    },
    slo: { for: '6s', burn: { rates: burnRates } },
    flapping: { window: '3m' },
    selfDoubt: { timeout: '1s', ...(canaries ? { canaries: [{ url: 'http://canary.test/' }] } : {}) },
    maintenance: window ? [maintenanceOf(window)] : [],
    ladder: {
      restart: { timeout: '15s', grace: '2s' },
      recreate: { timeout: '20s', grace: '2s' },
      respawn: { timeout: '30s', grace: '2s' },
      drain: scenario.drain ? '2s' : '0s',
      restartScope: scenario.wholeWorkload ? 'workload' : 'instance',
    },
    gate: {
      settle: `${settleMs}ms`,
      progressWindow: '10s',
      backoff: { base: '1s', cap: '10s', resetAfter: '2m' },
      attempts: attemptLimits.map(({ max, perMs }) => ({ max, per: `${perMs}ms` })),
      inFlight: scenario.inFlight,
      budgets: { group: limitOf(groupLimit), global: limitOf(globalLimit) },
      breaker: {
        least: breaker.least,
        threshold: breaker.threshold,
        window: `${breaker.windowMs}ms`,
        coolDown: '20s',
        coolDownCap: '80s',
      },
      approvalTtl: '60s',
    },
    approvals: { quorum: scenario.quorum },
    watch: { every: '3s', for: '20s' },
    groups: Object.fromEntries(groups),
    agents: Object.fromEntries(agents),
  };
}

/** The default table, ten times as fast, with the shortest windows there are. */
const burnRates = [
  { alert: 'page', factor: 14.4, long: '6m', short: '1m' },
  { alert: 'page', factor: 6, long: '36m', short: '3m' },
  { alert: 'ticket', factor: 3, long: '144m', short: '12m' },
] as const;

function failoverOf(failover: SimulatedFailover | undefined): object {
  return failover ? { failover: { when: failover.when, maxLag: '1s', rest: '2m' } } : {};
}

function limitOf({ share, least, perMs }: SharedLimit): object {
  return { share, least, per: `${perMs}ms` };
}

function maintenanceOf({ everyMin, forMin, group }: SimulatedWindow): object {
  const scope = group === undefined ? { fleet: true } : { groups: [group] };
  return { cron: `*/${everyMin} * * * *`, duration: `${forMin}m`, scope, reason: 'work on the network' };
}

/** A line for people. */
export function describeFault({ id, atMs, kind, ...rest }: ScheduledFault): string {
  return `#${id} at ${(atMs / 1_000).toFixed(1)} s: ${kind} ${JSON.stringify(rest)}`;
}
