import type {
  Agent,
  AgentId,
  AgentMetrics,
  Finding,
  GroupId,
  Health,
  Ms,
  Policy,
  Progress,
} from '../../model/index.ts';

/** What the pipeline's decisions see of an agent now. Implemented over the fleet, the collector and detection. */
export interface AgentSight {
  readonly agent: Agent;
  readonly policy: Policy;
  readonly health: Health;
  readonly findings: readonly Finding[];
  readonly metrics: AgentMetrics;
  /** How long the agent has had no suspicion and has shown fresh life; 0 while it has not. */
  readonly soundForMs: Ms;
  /** Its work advanced this long ago; absent when it never reported any. */
  readonly progressAgoMs?: Ms;
  /** It answered a probe well this long ago; absent when it never did. */
  readonly answeredAgoMs?: Ms;
  /** It reported figures this long ago; absent when it never did. */
  readonly figuresAgoMs?: Ms;
  readonly progress?: Progress;
  /** It has sent heartbeats at some time, this instance or one before. */
  readonly beats: boolean;
  /** The guard can ask it. */
  readonly asked: boolean;
  /** It has answered well when it was asked whether it is alive. */
  readonly wasAlive: boolean;
  /** Its last heartbeat, good answer or figures came this long ago; absent when none ever came. */
  readonly heardAgoMs?: Ms;
  readonly consecutiveErrors: number;
}

export interface View {
  see(agentId: AgentId): AgentSight | undefined;
  knows(agentId: AgentId): boolean;
  groupSize(group: GroupId): number;
  members(group: GroupId): readonly AgentId[];
}
