import type { Incident, IncidentState, Json, JsonObject } from '../../model/index.ts';
import { isId } from '../../model/index.ts';

/** What each state has to have beside what all of them have. */
const ofState: { readonly [S in IncidentState]: (incident: JsonObject) => boolean } = {
  open: ({ nextAt }) => isMoment(nextAt),
  acting: ({ attempt }) => isAttempt(attempt),
  watching: ({ watch, attempt }) => isObject(watch) && isMoment(watch['until']) && (!attempt || isAttempt(attempt)),
  'awaiting-approval': ({ approval }) => isObject(approval) && isObject(approval['plan']) && isList(approval['votes']),
  held: ({ until }) => isMoment(until),
  escalated: ({ reason, escalatedAt }) => isObject(reason) && isMoment(escalatedAt),
  resolved: ({ resolvedAt }) => isMoment(resolvedAt),
};

/** A stored incident, if it has what every decision about one relies on. */
export function readIncident(value: Json): Incident | undefined {
  return isWhole(value) ? (value as unknown as Incident) : undefined;
}

function isWhole(value: Json): boolean {
  if (!isObject(value)) return false;
  const { id, agentId, group, version, openedAt, changedAt, policy, findings, attempts, because, state } = value;
  if (!isId(id) || !isId(agentId) || !isId(group) || !Number.isSafeInteger(version)) return false;
  if (!isMoment(openedAt) || !isMoment(changedAt) || !isObject(policy) || !isObject(because)) return false;
  if (!isList(findings) || !isList(attempts) || !attempts.every(isAttempt)) return false;
  return typeof state === 'string' && Object.hasOwn(ofState, state) && ofState[state as IncidentState](value);
}

function isAttempt(value: Json | undefined): boolean {
  return isObject(value) && isMoment(value['startedAt']) && isObject(value['plan']) && isList(value['steps']);
}

function isMoment(value: Json | undefined): boolean {
  return typeof value === 'number' && Number.isFinite(value);
}

function isList(value: Json | undefined): value is readonly Json[] {
  return Array.isArray(value);
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
