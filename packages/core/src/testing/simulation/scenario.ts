import type { AgentId, GroupId, Mode, Ms } from '../../model/index.ts';
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
  | { readonly kind: 'guard-crash'; readonly cut?: Cut; readonly downMs: Ms };

/** One line of the schedule. */
export type ScheduledFault = FaultSpec & { readonly id: number; readonly atMs: Ms };

export interface SimulatedGroup {
  readonly id: GroupId;
  readonly agents: readonly AgentId[];
  readonly mode: Mode;
}

/** Everything a run depends on; drawn from the seed, and made smaller when a failure is looked into. */
export interface Scenario {
  readonly seed: number;
  readonly orchestrator: 'single' | 'workload';
  readonly groups: readonly SimulatedGroup[];
  readonly drain: boolean;
  readonly wholeWorkload: boolean;
  readonly inFlight: number;
  readonly faults: readonly ScheduledFault[];
  /** The faults are over; what is left is time to heal. */
  readonly endMs: Ms;
}

/** Grace after the guard's start in every scenario. */
export const settleMs: Ms = 5_000;
/** Attempts an agent may have, as configured in every scenario. */
export const attemptLimits = [{ max: 4, perMs: 300_000 }] as const;

/** The config of the guard, in the shape of the file: the proportions of the defaults, in less time. */
export function configOf(scenario: Scenario): object {
  const groups = scenario.groups.map(({ id, mode }) => [id, { mode }] as const);
  return {
    tick: '250ms',
    heartbeat: { every: '3s', timeout: '9s', silentFor: '60s' },
    probes: {
      liveness: { every: '3s', timeout: '1500ms' },
      readiness: { every: '3s', timeout: '1500ms' },
      performance: { every: '6s', timeout: '1500ms' },
      health: { timeout: '1500ms' },
      startGrace: '3s',
    },
    slo: { for: '6s' },
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
      breaker: { window: '10s', coolDown: '20s', coolDownCap: '80s' },
      approvalTtl: '60s',
    },
    watch: { every: '3s', for: '20s' },
    groups: Object.fromEntries(groups),
  };
}

/** A line for people. */
export function describeFault({ id, atMs, kind, ...rest }: ScheduledFault): string {
  return `#${id} at ${(atMs / 1_000).toFixed(1)} s: ${kind} ${JSON.stringify(rest)}`;
}
