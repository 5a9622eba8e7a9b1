import type { PluginManifest } from '../contracts/plugin.ts';
import type { DoubtSettings } from '../contracts/doubt.ts';
import type {
  AgentId,
  Criticality,
  GroupId,
  JsonObject,
  MaintenanceWindow,
  Mode,
  Ms,
  Policy,
  Role,
} from '../model/index.ts';

/** One plugin instance, with its config validated against its own schema. */
export interface PluginInstanceConfig {
  /** Package name, or a path beginning with `.` or `/`, relative to the config file. */
  readonly use: string;
  readonly config: unknown;
}

/** An agent named in the config: a place to watch, or policy for one that an orchestrator or a registration brings. */
export interface AgentConfig {
  readonly group?: GroupId;
  readonly endpoint?: string;
  readonly labels: { readonly [key: string]: string };
  readonly role?: Role;
  readonly dependsOn: readonly AgentId[];
  readonly criticality?: Criticality;
}

export interface NotificationRoute {
  /** Name of the notifier: `log`, or `<plugin instance>/<name>`. */
  readonly to: string;
  /** Least priority it gets. */
  readonly from: 'info' | 'warning' | 'error' | 'critical';
  /** 2: called only when the first tier does not answer. */
  readonly tier: 1 | 2;
}

/** The whole config after validation: defaults filled in, durations in ms, secrets resolved, frozen. */
export interface GuardConfig {
  readonly version: 1;
  /** Name of this guard in logs and notices. */
  readonly name: string;
  /** Plugin instances by name; `store` and `http` at the top of the file are instances too. */
  readonly plugins: { readonly [instance: string]: PluginInstanceConfig };
  /** Contribution that is the state store: `memory`, or an instance. */
  readonly store: string;
  readonly controlPlane: string;
  /** Addresses the guard may call beside those an orchestrator found, as CIDR. */
  readonly allowedNetworks: readonly string[];
  readonly notifications: { readonly routes: readonly NotificationRoute[]; readonly retryForMs: Ms };
  /** `orchestrator` informs the reader; the orchestrators themselves say what they run. */
  readonly groups: { readonly [group: string]: { readonly mode: Mode; readonly orchestrator?: string } };
  readonly agents: { readonly [agentId: string]: AgentConfig };
  readonly maintenance: readonly MaintenanceWindow[];
  readonly selfDoubt: DoubtSettings;
  /** File with the key that signs approvals, as written. */
  readonly approvalKeyFile?: string;
  /** Where the record goes, as written, and how much of it is kept; absent when nothing is recorded. */
  readonly recording?: { readonly directory: string; readonly maxBytes: number; readonly keep: number };
  /** Pause between two ticks of the engine. */
  readonly tickMs: Ms;
  /** SHA-256 of the config before secrets were resolved. */
  readonly hash: string;
  /** The config as written, without secrets, for the record (R28). */
  readonly source: JsonObject;
}

/** The policy of an agent: defaults < group < label < agent in config; for the mode the strictest wins. Cached per group. */
export type PolicyOf = (agent: {
  readonly id: AgentId;
  readonly group: GroupId;
  readonly labels: { readonly [key: string]: string };
}) => Policy;

/** A plugin instance ready to be registered: what was loaded, and its own config. */
export interface LoadedPlugin {
  readonly instance: string;
  readonly use: string;
  readonly manifest: PluginManifest;
  /** Validated against the manifest's schema, frozen. */
  readonly config: unknown;
}
