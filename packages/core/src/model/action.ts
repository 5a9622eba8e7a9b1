import type { AgentId, GroupId, InstanceId } from './agent.ts';
import type { JsonObject } from './json.ts';
import type { Ms } from './units.ts';

/** What a respawned instance gets instead of its old settings. */
export interface ConfigOverride {
  /** Bytes. */
  readonly memoryLimit?: number;
  /** Shares of a processor. */
  readonly cpuLimit?: number;
  /** The agent's own request timeout, passed on as `PRAETORIAN_TIMEOUT_MS`. */
  readonly timeoutMs?: Ms;
  readonly image?: string;
  readonly command?: readonly string[];
  /** Stored with the incident and shown with it, so nothing secret: see `secretNames`. */
  readonly env?: { readonly [name: string]: string };
}

const secretName = /token|secret|passw|api_?key|credential|private_?key/i;

/** Names in an override that look like secrets. An override is stored and shown, so they must not stand in one. */
export function secretNames({ env = {} }: ConfigOverride): readonly string[] {
  return Object.keys(env).filter((name) => secretName.test(name));
}

/** Acts on the agent's current instance. */
interface OnInstance {
  readonly agentId: AgentId;
  readonly instanceId: InstanceId;
}

/** Something done to infrastructure by an orchestrator. */
export type Action =
  | ({ readonly kind: 'restart'; readonly graceMs: Ms } & OnInstance)
  | ({ readonly kind: 'recreate'; readonly graceMs: Ms } & OnInstance)
  /** `beside`: a new instance next to the old, which is retired later; `in-place`: the old goes first. */
  | ({
      readonly kind: 'respawn';
      readonly mode: 'beside' | 'in-place';
      readonly graceMs: Ms;
      readonly generation: number;
      readonly override?: ConfigOverride;
    } & OnInstance)
  /** Ends an instance that is no longer current (ADR 0003). */
  | ({ readonly kind: 'retire'; readonly graceMs: Ms } & OnInstance)
  | ({ readonly kind: 'isolate' } & OnInstance)
  | ({ readonly kind: 'reinstate' } & OnInstance)
  | { readonly kind: 'scale'; readonly group: GroupId; readonly replicas: number }
  | ({ readonly kind: 'promote'; readonly epoch: number } & OnInstance)
  | ({ readonly kind: 'restoreState'; readonly checkpointId: string } & OnInstance);

export type ActionKind = Action['kind'];

/** What an orchestrator can do, said once and statically; engine, dry-run, `explain` and the conformance suite read it. */
export interface Capability {
  readonly action: ActionKind;
  /** Whether it ends or replaces something that runs. */
  readonly destructive: boolean;
  /** `workload`: it cannot act on one instance only and says in the intent whom it affects. */
  readonly scope: 'instance' | 'workload';
  /** Doing it twice with one key has the effect of doing it once. */
  readonly idempotent: boolean;
  /** Respawn only: the modes it knows, the preferred one first. */
  readonly respawn?: readonly ('beside' | 'in-place')[];
  /**
   * Recreate and respawn only: what is replaced is kept until the new instance has proven itself, and is back in its place
   * when that is retired. [it is not]
   */
  readonly keepsOld?: boolean;
}

/** The capability for an action, or `undefined`. */
export function capabilityFor(can: readonly Capability[], action: ActionKind): Capability | undefined {
  return can.find((capability) => capability.action === action);
}

/** The way of a respawn: the wanted one if the orchestrator knows it, else the one it prefers. */
export function respawnMode(
  can: readonly Capability[],
  wanted: 'beside' | 'in-place' | undefined,
): 'beside' | 'in-place' {
  const modes = capabilityFor(can, 'respawn')?.respawn ?? ['in-place'];
  return wanted && modes.includes(wanted) ? wanted : (modes[0] ?? 'in-place');
}

/** An admitted action, whole, as it is journaled before it is done. */
export interface Intent {
  /** Idempotency key: incident, attempt and step. */
  readonly key: string;
  readonly action: Action;
  /** Every agent it touches, not only the one it is meant for. */
  readonly affects: readonly AgentId[];
  /** The state before, against which `reconcile` proves that it happened. */
  readonly before: JsonObject;
}
