import type {
  ApprovalsPolicy,
  AttemptLimit,
  ConfigOverride,
  FailoverPolicy,
  HeartbeatPolicy,
  JsonObject,
  LadderPolicy,
  LearningPolicy,
  Mode,
  Ms,
  Ratio,
  SeverityPolicy,
  SloAlert,
  Criticality,
  PredictionPolicy,
  ProbeType,
  QuietPolicy,
  Role,
  TlsPolicy,
  TrendsPolicy,
} from '../model/index.ts';
import type { NotificationRoute } from './guard-config.ts';

/** The policy sections of the file after validation: keys as people write them, units as code wants them. */
export interface Sections {
  readonly heartbeat: {
    readonly expect: HeartbeatPolicy['expect'];
    readonly every: Ms;
    readonly timeout: Ms;
    readonly detector: HeartbeatPolicy['detector'];
    readonly pause: Ms;
    readonly stalledFor: Ms;
    readonly silentFor: Ms;
  };
  readonly probes: {
    readonly health: WaySection;
    readonly liveness: ProbeSection;
    readonly readiness: ProbeSection;
    readonly performance: ProbeSection;
    readonly tls: TlsPolicy;
    readonly startGrace: Ms;
    readonly jitter: Ratio;
  };
  readonly slo: {
    readonly availability: Ratio;
    readonly latencyP95: Ms;
    readonly latencyP99: Ms;
    readonly errorRate: Ratio;
    readonly successRate: Ratio;
    readonly for: Ms;
    readonly clearBelow: Ratio;
    readonly errorRateFactor: number;
    readonly latencyFactor: number;
    readonly burn: {
      readonly window: Ms;
      readonly latencyObjective: Ratio;
      readonly minRequests: number;
      readonly minSamples: number;
      readonly rates: readonly {
        readonly alert: SloAlert;
        readonly factor: number;
        readonly long: Ms;
        readonly short: Ms;
      }[];
    };
  };
  readonly errors: {
    readonly window: Ms;
    readonly min: number;
    readonly novelMin: number;
    readonly burst: number;
    readonly logs: { readonly every: Ms };
  };
  readonly trends: {
    readonly window: Ms;
    readonly minSamples: number;
    readonly confidence: Ratio;
    readonly within: Ms;
    readonly limits: TrendsPolicy['limits'];
  };
  readonly prediction: {
    readonly mode: PredictionPolicy['mode'];
    readonly within: Ms;
    readonly margin: Ms;
    readonly metrics: PredictionPolicy['metrics'];
    readonly quiet: QuietPolicy;
  };
  readonly severity: SeverityPolicy;
  readonly ladder: {
    readonly restart: RungSection;
    readonly recreate: RungSection & { readonly restoreState: boolean };
    readonly respawn: RungSection & {
      readonly restoreState: boolean;
      readonly mode: 'beside' | 'in-place';
      readonly configOverride?: OverrideSection;
      readonly alternative: LadderPolicy['respawn']['alternative'];
    };
    readonly restartScope: LadderPolicy['restartScope'];
    readonly drain: Ms;
    readonly hungGrace: Ms;
    readonly safeState: LadderPolicy['safeState'];
    readonly useWhen: LadderPolicy['useWhen'];
  };
  readonly gate: {
    readonly attempts: readonly { readonly max: AttemptLimit['max']; readonly per: Ms }[];
    readonly budgets: { readonly group: BudgetSection; readonly global: BudgetSection };
    readonly backoff: { readonly base: Ms; readonly cap: Ms; readonly resetAfter: Ms };
    readonly settle: Ms;
    readonly inFlight: Ratio;
    readonly progressWindow: Ms;
    readonly breaker: {
      readonly threshold: Ratio;
      readonly least: number;
      readonly window: Ms;
      readonly coolDown: Ms;
      readonly coolDownCap: Ms;
    };
    readonly approvalTtl: Ms;
  };
  readonly failover: { readonly when: FailoverPolicy['when']; readonly maxLag: Ms; readonly rest: Ms };
  readonly approvals: {
    readonly quorum: number;
    readonly remindEvery: Ms;
    readonly secondTierAfter: Ms;
    readonly onExpiry: ApprovalsPolicy['onExpiry'];
  };
  readonly watch: { readonly every: Ms; readonly for: Ms };
  readonly checkpoints: { readonly keep: number; readonly maxAge: Ms; readonly every: Ms };
  readonly learning: LearningPolicy;
  readonly flapping: { readonly window: Ms; readonly high: number; readonly low: number };
  readonly recurrence: {
    readonly defectAfter: number;
    readonly defectWindow: Ms;
    readonly movesMax: number;
    readonly movesWindow: Ms;
  };
}

interface WaySection {
  readonly type: ProbeType;
  readonly path: string;
  readonly port?: number;
  readonly command?: readonly string[];
  readonly timeout: Ms;
}

interface ProbeSection extends WaySection {
  readonly every: Ms;
  readonly failures: number;
  readonly successes: number;
}

interface BudgetSection {
  readonly share: Ratio;
  readonly least: number;
  readonly per: Ms;
}

interface RungSection {
  readonly timeout: Ms;
  readonly grace: Ms;
  readonly drain?: Ms;
  readonly backoff?: { readonly base?: Ms; readonly cap?: Ms };
}

/** `timeout` is in the file what `timeoutMs` is in the model. */
export type OverrideSection = Omit<ConfigOverride, 'timeoutMs'> & { readonly timeout?: Ms };

/** Sections of a group or an agent: only what it sets differently. */
export type PartialSections = { readonly [S in keyof Sections]?: DeepPartial<Sections[S]> };

type DeepPartial<T> = T extends readonly unknown[]
  ? T
  : T extends object
    ? { readonly [K in keyof T]?: DeepPartial<T[K]> }
    : T;

export interface GroupSection extends PartialSections {
  readonly mode: Mode;
  readonly orchestrator?: string;
  readonly assessor: string;
  readonly strategy: string;
  readonly detectors: readonly string[];
}

export interface AgentSection extends PartialSections {
  readonly group?: string;
  readonly mode?: Mode;
  readonly endpoint?: string;
  readonly labels: { readonly [key: string]: string };
  readonly role?: Role;
  readonly dependsOn: readonly string[];
  readonly criticality?: Criticality;
}

export interface PluginSection {
  readonly use: string;
  readonly config: JsonObject;
}

export interface MaintenanceSection {
  readonly cron: string;
  readonly timeZone: string;
  readonly duration: Ms;
  readonly scope: { readonly fleet?: true; readonly groups?: readonly string[]; readonly agents?: readonly string[] };
  readonly reason: string;
  readonly paging: boolean;
}

/** The file after validation. */
export interface ConfigDocument extends Omit<Sections, 'probes' | 'approvals'> {
  readonly version: 1;
  readonly name: string;
  readonly plugins: { readonly [instance: string]: PluginSection };
  readonly store: PluginSection;
  readonly http?: JsonObject;
  readonly controlPlane: string;
  readonly tick: Ms;
  readonly probes: Sections['probes'] & { readonly allowedNetworks: readonly string[] };
  readonly approvals: Sections['approvals'] & { readonly keyFile?: string };
  readonly groups: { readonly [group: string]: GroupSection };
  readonly agents: { readonly [agentId: string]: AgentSection };
  readonly notifications: { readonly routes: readonly NotificationRoute[]; readonly retryFor: Ms };
  readonly recording: { readonly directory?: string; readonly maxBytes: number; readonly keep: number };
  readonly maintenance: readonly MaintenanceSection[];
  readonly selfDoubt: {
    readonly every: Ms;
    readonly lag: Ms;
    readonly store: Ms;
    readonly unanswered: Ratio;
    readonly tellFrom: number;
    readonly canaries: readonly { readonly url: string }[];
    readonly timeout: Ms;
  };
}

/** Names of the sections that are defaults at the top and may stand in a group or an agent. */
export const sectionNames = [
  'heartbeat',
  'probes',
  'slo',
  'errors',
  'trends',
  'prediction',
  'severity',
  'ladder',
  'gate',
  'failover',
  'approvals',
  'watch',
  'checkpoints',
  'learning',
  'flapping',
  'recurrence',
] as const satisfies readonly (keyof Sections)[];
