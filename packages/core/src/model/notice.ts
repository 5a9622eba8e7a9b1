import type { AgentId, GroupId } from './agent.ts';
import type { IncidentId } from './incident.ts';
import type { JsonObject } from './json.ts';
import type { EpochMs } from './units.ts';

export type NoticeKind =
  | 'opened'
  | 'progress'
  | 'degraded'
  | 'approval'
  | 'escalated'
  | 'recovery-failed'
  | 'recovered'
  | 'resolved';

/** PagerDuty's words, used for every channel. */
export type Priority = 'info' | 'warning' | 'error' | 'critical';

/** A message about an incident to people. One incident is one thread. */
export interface Notice {
  readonly id: string;
  readonly kind: NoticeKind;
  readonly priority: Priority;
  readonly incidentId: IncidentId;
  /** The first incident of the thread. */
  readonly threadId: IncidentId;
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
