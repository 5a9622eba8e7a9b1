import type {
  Action,
  Agent,
  AgentId,
  Capability,
  Decision,
  EpochMs,
  GroupId,
  Instance,
  Intent,
  LifecycleEvent,
  Ms,
  Receipt,
} from '../model/index.ts';
import type { Call, Component } from './call.ts';

/** An agent as an orchestrator found it. Policy comes from the config, not from here; labels may only narrow it. */
export interface DiscoveredAgent {
  readonly id: AgentId;
  readonly group: GroupId;
  readonly labels: { readonly [key: string]: string };
  readonly role?: Agent['role'];
  readonly dependsOn?: readonly AgentId[];
  readonly criticality?: Agent['criticality'];
  /** A rollout of its group is going on or was paused by hand: it is left alone. Also `prepare` may say so. [neither] */
  readonly rollout?: Agent['rollout'];
  /** The current incarnation. */
  readonly instance: Instance;
}

export type InventoryEvent =
  /** Listed, or changed since: new labels, a new instance. */
  | { readonly type: 'present'; readonly agent: DiscoveredAgent }
  /** The first listing is complete. */
  | { readonly type: 'synced' }
  /** The agent is gone for good by another's hand: deregistered, no incident. */
  | { readonly type: 'removed'; readonly agentId: AgentId }
  | {
      readonly type: 'lifecycle';
      readonly agentId: AgentId;
      readonly instanceId: string;
      readonly event: LifecycleEvent;
      readonly exitCode?: number;
      readonly exitSignal?: string;
      /**
       * With `unhealthy`: it lasts (R06 b) if it is not taken back for so long. Absent: it is no verdict of the orchestrator, or nobody
       * knows how old that is.
       */
      readonly lastsInMs?: Ms;
      readonly detail?: string;
      /** When it happened, by the orchestrator's clock: a replay of long ago is dropped. [now] */
      readonly at?: EpochMs;
    };

/** The engine's permission for one execution. Given out by the executor alone, after the gate. */
export interface Grant {
  readonly key: string;
  /** Fencing token of the shard's lease. */
  readonly fence: number;
  /** Wall-clock time after which the result no longer matters. */
  readonly deadline: number;
  readonly dryRun: boolean;
}

export interface EvidenceItem {
  readonly label: string;
  /** Redacted and bounded by the engine before it is stored. */
  readonly text: string;
}

export interface LogPage {
  /** Oldest first, without line ends. */
  readonly lines: readonly string[];
  /** Given as `after` to get what follows. */
  readonly next: string;
  /** Bytes that were left out, because there was more than fits. [0] */
  readonly skippedBytes?: number;
}

export interface ExecResult {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Performs actions on real infrastructure. */
export interface Orchestrator extends Component {
  /** Static: what it can do at all. Whatever is missing here is never asked of it. */
  readonly supports: readonly Capability[];
  /**
   * Lists what is selected, then `synced`, then changes and lifecycle until the call aborts. An instance that has ended
   * by itself is listed with its `died`: the guard may have been away when it happened. An empty selector lists nothing.
   */
  inventory(call: Call): AsyncIterable<InventoryEvent>;
  /**
   * Dynamic: this action, this agent, now. Changes nothing. Names everything the action would touch and the state before.
   * A refusal is a failure of the step, except with code `plan-stale` (the instance is another now) or
   * `rollout-in-progress`: then the attempt ends without having failed.
   */
  prepare(action: Action, key: string, call: Call): Promise<Decision<Intent>>;
  /** Does it. Throws nothing for an outcome: `failed`, `superseded` and `unknown` are receipts. The same key twice acts once. */
  execute(intent: Intent, grant: Grant, call: Call): Promise<Receipt>;
  /**
   * Whether the effect of an intent holds, by comparing what is now with `before`. Changes nothing. `before` is empty where a
   * `retire` was not admitted: it is done only if the instance is gone.
   */
  reconcile(intent: Intent, call: Call): Promise<Receipt>;
  /** Logs, exit data, inspection: whatever helps to understand the failure after the instance is gone. */
  evidence?(instance: Instance, agentId: AgentId, call: Call): Promise<readonly EvidenceItem[]>;
  /**
   * Something is held against the instance: looks at it now, and tells by the inventory what no event has told yet, such as a
   * health check that fails and has not failed often enough to count alone. Changes nothing; that it is gone is no error.
   */
  look?(instance: Instance, agentId: AgentId, call: Call): Promise<void>;
  /**
   * Lines the instance has written to its log since `after`, a place an earlier answer named; without it, since now.
   * At most about 1 MiB; what is older is left out and counted.
   */
  logs?(instance: Instance, agentId: AgentId, after: string | undefined, call: Call): Promise<LogPage>;
  /**
   * Runs a command inside the instance, without a shell, to its end; a program that is not there ends with 127, one that
   * cannot be run with 126. Of its outputs at most about 64 KiB each are kept. Rejects when the instance does not run, and
   * when the call aborts; the command is killed then.
   */
  exec?(instance: Instance, argv: readonly string[], call: Call): Promise<ExecResult>;
}
