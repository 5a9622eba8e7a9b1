import type {
  Agent,
  AgentId,
  BreakerState,
  Delivery,
  EpochMs,
  Finding,
  Health,
  Hold,
  Incident,
  IncidentId,
  Notice,
  Reason,
  Receipt,
  RuleResult,
  Storm,
  TimelineEntry,
} from '../model/index.ts';

/** Every event of the guard and what it carries. Plugins add their own by declaration merging, under their prefix. */
export interface GuardEvents {
  /** An agent joined the fleet, or its instance was replaced. */
  'agent.registered': { readonly agent: Agent };
  /** An agent left the fleet for good. */
  'agent.deregistered': { readonly agentId: AgentId; readonly group: string };
  /** The health of an agent changed; `breaker` is its circuit breaker after the change. */
  'agent.health-changed': {
    readonly agentId: AgentId;
    readonly group: string;
    readonly from: Health;
    readonly to: Health;
    readonly breaker: BreakerState;
  };
  /** A detector raised a suspicion about an agent. */
  'finding.raised': { readonly finding: Finding };
  /** A suspicion no longer holds. */
  'finding.cleared': { readonly agentId: AgentId; readonly findingId: string };
  /** A failure became an incident: from here on everything about it is on record. */
  'incident.opened': { readonly incident: Incident };
  /** The incident took a step; `entry` is the line of its timeline that says which. */
  'incident.changed': { readonly incident: Incident; readonly entry: TimelineEntry };
  /** The incident is over: healed, recovered by itself, closed by an operator, or its agent removed. */
  'incident.resolved': { readonly incident: Incident };
  /** Many failures are one from here on; `storm.reason` says why. */
  'storm.opened': { readonly storm: Storm };
  /** The storm grew, or its breaker turned, or people were told. */
  'storm.changed': { readonly storm: Storm };
  /** The storm is over. */
  'storm.closed': { readonly storm: Storm };
  /** The guard decided to act, or not to act, and says why; `rules` are those of the gate. */
  'decision.made': {
    readonly incidentId: IncidentId;
    readonly agentId: AgentId;
    readonly acts: boolean;
    readonly reason: Reason;
    readonly rules?: readonly RuleResult[];
  };
  /** A step was journaled and is being done; `key` is its idempotency key. */
  'step.started': {
    readonly incidentId: IncidentId;
    readonly agentId: AgentId;
    readonly stepId: string;
    readonly key: string;
  };
  /** A step ended; the receipt says how. */
  'step.finished': {
    readonly incidentId: IncidentId;
    readonly agentId: AgentId;
    readonly stepId: string;
    readonly receipt: Receipt;
  };
  /** Another agent leads the group: `to` took the place of `agentId`, as the primary of `epoch`. */
  'failover.completed': {
    readonly incidentId: IncidentId;
    readonly agentId: AgentId;
    readonly group: string;
    readonly to: AgentId;
    readonly epoch: number;
  };
  /** A plan waits for a person; it expires at `expiresAt`. */
  'approval.requested': {
    readonly incidentId: IncidentId;
    readonly agentId: AgentId;
    readonly planHash: string;
    readonly expiresAt: EpochMs;
  };
  /** A person decided about a plan, or nobody did in time. */
  'approval.decided': {
    readonly incidentId: IncidentId;
    readonly agentId: AgentId;
    readonly decision: 'approved' | 'rejected' | 'expired';
    readonly by: string;
  };
  /** A hold was placed, or a window of maintenance opened: what it covers is left alone. */
  'hold.placed': { readonly hold: Hold };
  /** A hold was released by a person, or it ran out (`by` absent): the guard takes over again. */
  'hold.released': { readonly hold: Hold; readonly by?: string };
  /** A notifier accepted a message. */
  'notice.sent': { readonly notice: Notice; readonly notifier: string; readonly delivery: Delivery };
  /** A notifier did not accept a message; others and later attempts may. */
  'notice.failed': { readonly notice: Notice; readonly notifier: string; readonly error: string };
  /** A part of the guard itself does not work. */
  'guard.degraded': { readonly what: string; readonly why: string };
  /** That part works again. */
  'guard.recovered': { readonly what: string };
}

export type GuardEventType = keyof GuardEvents;

/** An event as listeners get it. `seq` counts up by one over the life of the guard. */
export interface GuardEvent<K extends GuardEventType = GuardEventType> {
  readonly type: K;
  readonly seq: number;
  readonly at: EpochMs;
  readonly data: GuardEvents[K];
}

/** Any event, discriminated by `type`. */
export type AnyGuardEvent = { [K in GuardEventType]: GuardEvent<K> }[GuardEventType];

/** Every event type, for streams and docs. */
export const guardEventTypes = [
  'agent.registered',
  'agent.deregistered',
  'agent.health-changed',
  'finding.raised',
  'finding.cleared',
  'incident.opened',
  'incident.changed',
  'incident.resolved',
  'storm.opened',
  'storm.changed',
  'storm.closed',
  'decision.made',
  'step.started',
  'step.finished',
  'failover.completed',
  'approval.requested',
  'approval.decided',
  'hold.placed',
  'hold.released',
  'notice.sent',
  'notice.failed',
  'guard.degraded',
  'guard.recovered',
] as const satisfies readonly GuardEventType[];
