import type {
  Agent,
  AgentId,
  BreakerState,
  Delivery,
  EpochMs,
  Finding,
  Health,
  Incident,
  IncidentId,
  Notice,
  Reason,
  Receipt,
  RuleResult,
  TimelineEntry,
} from '../model/index.ts';

/** Every event of the guard and what it carries. Plugins add their own by declaration merging, under their prefix. */
export interface GuardEvents {
  'agent.registered': { readonly agent: Agent };
  'agent.deregistered': { readonly agentId: AgentId; readonly group: string };
  'agent.health-changed': {
    readonly agentId: AgentId;
    readonly group: string;
    readonly from: Health;
    readonly to: Health;
    readonly breaker: BreakerState;
  };
  'finding.raised': { readonly finding: Finding };
  'finding.cleared': { readonly agentId: AgentId; readonly findingId: string };
  'incident.opened': { readonly incident: Incident };
  'incident.changed': { readonly incident: Incident; readonly entry: TimelineEntry };
  'incident.resolved': { readonly incident: Incident };
  'decision.made': {
    readonly incidentId: IncidentId;
    readonly agentId: AgentId;
    readonly acts: boolean;
    readonly reason: Reason;
    readonly rules?: readonly RuleResult[];
  };
  'step.started': {
    readonly incidentId: IncidentId;
    readonly agentId: AgentId;
    readonly stepId: string;
    readonly key: string;
  };
  'step.finished': {
    readonly incidentId: IncidentId;
    readonly agentId: AgentId;
    readonly stepId: string;
    readonly receipt: Receipt;
  };
  'approval.requested': {
    readonly incidentId: IncidentId;
    readonly agentId: AgentId;
    readonly planHash: string;
    readonly expiresAt: EpochMs;
  };
  'approval.decided': {
    readonly incidentId: IncidentId;
    readonly agentId: AgentId;
    readonly decision: 'approved' | 'rejected' | 'expired';
    readonly by: string;
  };
  'notice.sent': { readonly notice: Notice; readonly notifier: string; readonly delivery: Delivery };
  'notice.failed': { readonly notice: Notice; readonly notifier: string; readonly error: string };
  'guard.degraded': { readonly what: string; readonly why: string };
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
  'decision.made',
  'step.started',
  'step.finished',
  'approval.requested',
  'approval.decided',
  'notice.sent',
  'notice.failed',
  'guard.degraded',
  'guard.recovered',
] as const satisfies readonly GuardEventType[];
