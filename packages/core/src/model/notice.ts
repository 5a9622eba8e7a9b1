import type { AgentId, GroupId } from './agent.ts';
import type { IncidentId } from './incident.ts';
import type { JsonObject } from './json.ts';
import type { EpochMs } from './units.ts';

/** What is told of one incident. */
export type IncidentNoticeKind =
  | 'opened'
  | 'progress'
  | 'degraded'
  /** It is not healed now, and that may last. */
  | 'blocked'
  | 'approval'
  | 'escalated'
  | 'recovery-failed'
  /** Another leads the group now. */
  | 'failed-over'
  | 'recovered'
  /** It was healed so often that it does not heal. */
  | 'defect'
  | 'resolved';

/** What is told, of an incident or of a storm of them. */
export type NoticeKind = IncidentNoticeKind | 'storm' | 'storm-over';

/** PagerDuty's words, used for every channel. */
export type Priority = 'info' | 'warning' | 'error' | 'critical';

/** A message about an incident to people. One incident is one thread. */
export interface Notice {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly priority: Priority;
  /** 2: the first tier did not answer; its routes are told again, and those of the second with them. [1] */
  readonly tier?: 2;
  /** For the kinds `storm` and `storm-over` the id of the storm. */
  readonly incidentId: IncidentId;
  /** The first incident of the thread. */
  readonly threadId: IncidentId;
  /** Of a storm the first of its agents. */
  readonly agentId: AgentId;
  readonly group: GroupId;
  readonly at: EpochMs;
  /** One line. */
  readonly title: string;
  readonly text: string;
  readonly recommendedAction?: string;
  readonly failureDetails?: JsonObject;
}

/** What a notifier says after it delivered; given back with the next notice of the thread. */
export interface Delivery {
  readonly noticeId: string;
  readonly at: EpochMs;
  /** The channel's own name of the thread. */
  readonly threadRef?: string;
}

/** Priority of a severity band. */
export function priorityOf(severity: number): Priority {
  if (severity >= 9) return 'critical';
  if (severity >= 7) return 'error';
  return severity >= 4 ? 'warning' : 'info';
}
