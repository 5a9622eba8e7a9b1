import { guardError } from '../contracts/errors.ts';
import type {
  Attempt,
  Defect,
  Incident,
  IncidentState,
  JsonObject,
  IncidentNoticeKind,
  Reason,
  TimelineEntry,
} from '../model/index.ts';
import { transitions } from '../model/index.ts';
import type { DecideFacts, Decided } from './event.ts';

type DistributiveOmit<T, K extends PropertyKey> = T extends unknown ? Omit<T, K> : never;

/** The members that belong to a state alone. */
export type StatePart = DistributiveOmit<Incident, keyof Shared> & { readonly state: IncidentState };

type Shared = Pick<Incident, CommonKey>;
type CommonKey = Exclude<keyof Incident, 'state'>;

export interface Move {
  /** The new state with its own members; absent = the state stays. */
  readonly to?: StatePart;
  /** Members every state has. */
  readonly set?: Partial<Shared>;
  /** Members to take away. */
  readonly drop?: readonly ('requested' | 'acknowledged' | 'unannounced')[];
  readonly type: string;
  readonly reason: Reason;
  readonly data?: JsonObject;
  readonly notices?: readonly IncidentNoticeKind[];
  readonly ended?: Attempt;
  readonly defect?: Defect;
  readonly begins?: boolean;
}

const stateKeys = [
  'nextAt',
  'attempt',
  'watch',
  'approval',
  'holdId',
  'until',
  'reason',
  'escalatedAt',
  'quiet',
  'reminded',
  'outcome',
  'resolvedAt',
  'by',
];

/** Makes the new incident and its line in the timeline. The only place where `version` grows and `state` changes. */
export function move(incident: Incident, facts: Pick<DecideFacts, 'now'>, by: Move): Decided {
  const to = by.to?.state ?? incident.state;
  if (!transitions[incident.state].includes(to))
    throw guardError('GUARD_INCIDENT_TRANSITION', { from: incident.state, to });
  const kept: Record<string, unknown> = { ...incident };
  if (by.to) for (const key of stateKeys) delete kept[key];
  for (const key of by.drop ?? []) delete kept[key];
  const next = {
    ...kept,
    ...by.set,
    ...by.to,
    version: incident.version + 1,
    changedAt: facts.now,
    because: by.set?.because ?? by.reason,
  } as Incident;
  const entry: TimelineEntry = {
    seq: next.version,
    at: facts.now,
    incidentId: next.id,
    type: by.type,
    state: next.state,
    reason: by.reason,
    ...(by.data ? { data: by.data } : {}),
  };
  return {
    incident: next,
    entry,
    notices: by.notices ?? [],
    begins: by.begins ?? false,
    ...(by.ended ? { ended: by.ended } : {}),
    ...(by.defect ? { defect: by.defect } : {}),
  };
}

/** The event changed nothing: no new version, no line. */
export function unchanged(incident: Incident): Decided {
  return { incident, notices: [], begins: false };
}
