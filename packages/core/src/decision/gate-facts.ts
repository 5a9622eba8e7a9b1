import type {
  Agent,
  AgentId,
  Decision,
  EpochMs,
  Finding,
  Health,
  Hold,
  InstanceId,
  Ms,
  Policy,
  ReasonCode,
  Rung,
} from '../model/index.ts';
import type { BudgetAnswer } from './budget.ts';
import type { TogetherFacts } from './together-facts.ts';
import type { SharedAnswer } from './shared-budget.ts';

/** Everything the gate looks at, fresh at the moment an action is to be applied (R02). */
export interface GateFacts extends TogetherFacts {
  readonly now: EpochMs;
  readonly agent: Agent;
  readonly health: Health;
  readonly findings: readonly Finding[];
  readonly policy: Policy;
  readonly rung: Rung;
  /** The attempt has its place in the budget already: budget and backoff were asked when it began. */
  readonly begun: boolean;
  /** It takes a place in the budgets although nothing has to stand against the agent: what was cut off is recreated. [false] */
  readonly charged?: boolean;
  /** The attempt has changed something in the world already. [false] */
  readonly acted?: boolean;
  /** A person ordered or approved it: evidence and progress are their business. */
  readonly ordered: boolean;
  /** Attempts of the incident that began on full evidence and did not heal. */
  readonly failedAttempts: number;
  /** The instance the plan was made for. */
  readonly instanceId?: InstanceId;
  /** All agents the action touches. */
  readonly affects: readonly AgentId[];
  /** Those of them that are not known to the guard. */
  readonly unselected: readonly AgentId[];
  /** Those of them in another recovery. */
  readonly inRecovery: readonly AgentId[];
  /** Others of them that somebody stopped or paused by hand. [none] */
  readonly stoppedBeside?: readonly AgentId[];
  readonly hold?: Hold;
  /** How often the agent was recreated or respawned for this failure within the policy's window. [0] */
  readonly moves?: number;
  /** The orchestrator stopped the last attempt of the incident because of a rollout. */
  readonly rolloutSeenAt?: EpochMs;
  /** Whether the replica of the plan may take over now (R13); absent where the plan has none. */
  readonly promotion?: Decision<AgentId>;
  /** The guard has seen the whole fleet since its start; else when it may have. */
  readonly settled: boolean;
  readonly settledAt: EpochMs;
  readonly budget: BudgetAnswer;
  /** What the group and the fleet have left for the rung. */
  readonly groupBudget: SharedAnswer;
  readonly globalBudget: SharedAnswer;
  readonly notBefore: EpochMs;
  readonly groupSize: number;
  /** Recoveries under way in the group, without this one. */
  readonly groupInFlight: number;
  /** Recoveries under way over all groups, without this one and those whose orchestrator is not known again yet. */
  readonly globalInFlight: number;
  /** The agent's work advanced this long ago; absent when it never reported any. */
  readonly progressAgoMs?: Ms;
  /** The agent answered a probe well this long ago. */
  readonly answeredAgoMs?: Ms;
  /** It has sent heartbeats at some time. */
  readonly beats: boolean;
  /** The guard can ask it. */
  readonly asked: boolean;
  /** It has answered well when it was asked whether it is alive. */
  readonly wasAlive: boolean;
  /** By how much the guard stretches its timeouts, because it doubts itself. */
  readonly stretch: number;
  /** What the agent reported last of what it is doing. */
  readonly activity?: Activity;
  /** It reported figures this long ago; absent when it never did. */
  readonly figuresAgoMs?: Ms;
  /** This guard owns the agent's shard and can still prove it. */
  readonly owned: boolean;
}

/** How busy an agent is, as far as it says. */
export interface Activity {
  readonly activeTasks?: number;
  readonly queueDepth?: number;
  readonly cpu?: number;
  readonly requestsPerSecond?: number;
}

/** What a rule has against an action. */
export interface Objection {
  /** Wall-clock time at which it is worth asking again; absent: the answer is final, and a person is told. */
  readonly until?: EpochMs;
  readonly code: ReasonCode;
  readonly text: string;
  /** What would change the answer. */
  readonly remedy: string;
}

/** One rule: a name and a pure question. */
export interface GateRule {
  readonly name: string;
  /** The sentence that holds when it has no objection. */
  readonly says: string;
  check(facts: GateFacts): Objection | undefined;
}

/** How long a standing no lasts before it is asked again; an event asks sooner. */
export const askAgainMs: Ms = 30_000;
