import type { JsonObject } from './json.ts';
import type { EpochMs } from './units.ts';

/** The stable name of an agent: 1–200 characters of `A-Z a-z 0-9 . _ : ~ -`. Survives restart and respawn. */
export type AgentId = string;

/** The name of one incarnation of an agent. */
export type InstanceId = string;

/** Agents that do the same job; the unit of policy, capacity and ownership. Same characters as an agent id. */
export type GroupId = string;

export type Role = 'primary' | 'replica';

/** How much the loss of an agent hurts: 0 ordinary, 1 important, 2 vital. Added to severity as it stands. */
export type Criticality = 0 | 1 | 2;

const idPattern = /^[A-Za-z0-9._:~-]{1,200}$/;

/** Whether `value` may name an agent, an instance or a group. */
export function isId(value: unknown): value is string {
  return typeof value === 'string' && idPattern.test(value);
}

/**
 * What an operator, an orchestrator or the agent itself asked for; only `running` is ours to heal. `stopping`: it still runs,
 * and somebody has asked by hand for its end, which may come yet.
 */
export type InstanceState = 'running' | 'exited' | 'stopping' | 'stopped' | 'paused' | 'starting' | 'unknown';

/** One incarnation of an agent. Signals of any but the current one never count for the agent. */
export interface Instance {
  readonly id: InstanceId;
  /** Counts up over an agent's life; a registration with a lower one than the current is refused. */
  readonly generation: number;
  /** What the orchestrator needs to find it again: container id, pod uid, pid and start time. */
  readonly ref?: JsonObject;
  /** Base address of the agent's own HTTP side, for example `http://127.0.0.1:4001`. */
  readonly endpoint?: string;
  readonly startedAt?: EpochMs;
  readonly state?: InstanceState;
  /** Its orchestrator checks its health by itself, and tells `unhealthy` when that fails. [false] */
  readonly checked?: boolean;
  /**
   * With `exited`: that proves no lasting end. Its orchestrator may start it again by itself, or has only lost it from
   * sight; nobody takes the place of such a primary before it is isolated (R13). [false]
   */
  readonly mayRun?: boolean;
  /** Memory its orchestrator holds it to; above it is ended. */
  readonly memoryLimitMb?: number;
}

/** How somebody brings or brought the instance to stand still by hand, if so: it is left alone (R14). */
export function stillByHand(instance: Instance | undefined): 'is stopping' | 'stopped' | 'paused' | undefined {
  const { state } = instance ?? {};
  if (state === 'stopping') return 'is stopping';
  return state === 'stopped' || state === 'paused' ? state : undefined;
}

/** The logical place that is watched. */
export interface Agent {
  readonly id: AgentId;
  readonly group: GroupId;
  readonly labels: { readonly [key: string]: string };
  readonly role?: Role;
  readonly dependsOn: readonly AgentId[];
  readonly criticality: Criticality;
  /** Name of the orchestrator instance that runs it; absent for an agent that is only watched. */
  readonly orchestrator?: string;
  /** Who told us of it. Existence follows the orchestrator, policy the config, endpoints the registration. */
  readonly source: 'config' | 'orchestrator' | 'registration' | 'control-plane';
  /** Its orchestrator is replacing the agents of its group, or was told to pause at it. [neither] */
  readonly rollout?: 'in-progress' | 'paused';
  /** The current incarnation; absent while none is known. */
  readonly instance?: Instance;
}
