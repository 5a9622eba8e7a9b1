import type { Delivery, GroupId, IncidentId, Json, JsonObject, Notice, NoticeKind, Priority } from '../model/index.ts';
import { isId } from '../model/index.ts';

/** Where notices and threads lie in the store; `keys` of `state/` fits. */
export interface OutboxKeys {
  partition(shard: number): string;
  outboxes(shard: number): string;
  outbox(shard: number, noticeId: string): string;
  thread(shard: number, threadId: IncidentId, notifier: string): string;
}

/** What became of a notice at one notifier. */
export type TargetState = 'pending' | 'sent' | 'failed' | 'skipped';

/** A notice that waits in the outbox, with what became of it so far. */
export interface OutboxRecord {
  readonly notice: Notice;
  readonly targets: { readonly [notifier: string]: TargetState };
}

/** Every kind there is: one that is forgotten here would be taken for damaged. */
const kinds: { readonly [K in NoticeKind]: true } = {
  opened: true,
  progress: true,
  degraded: true,
  blocked: true,
  approval: true,
  escalated: true,
  'recovery-failed': true,
  'failed-over': true,
  defect: true,
  recovered: true,
  resolved: true,
  storm: true,
  'storm-over': true,
};
const priorities: readonly Priority[] = ['info', 'warning', 'error', 'critical'];
const states: readonly TargetState[] = ['pending', 'sent', 'failed', 'skipped'];

/** A record as it is stored. */
export function outboxJson(record: OutboxRecord): JsonObject {
  return { notice: { ...record.notice }, targets: record.targets };
}

/** Reads a stored record; `undefined` when it is damaged. */
export function readOutbox(value: Json): OutboxRecord | undefined {
  if (!isObject(value) || !isObject(value['notice'] ?? null) || !isObject(value['targets'] ?? null)) return undefined;
  const notice = readNotice(value['notice'] as JsonObject);
  if (!notice) return undefined;
  const targets: { [notifier: string]: TargetState } = {};
  for (const [notifier, given] of Object.entries(value['targets'] as JsonObject)) {
    const state = states.find((one) => one === given);
    if (!state) return undefined;
    targets[notifier] = state;
  }
  return { notice, targets };
}

function readNotice(value: JsonObject): Notice | undefined {
  const { id, incidentId, threadId, agentId, group, at, title, text, recommendedAction, failureDetails } = value;
  const kind = (Object.keys(kinds) as NoticeKind[]).find((one) => one === value['kind']);
  const priority = priorities.find((one) => one === value['priority']);
  if (!kind || !priority || typeof at !== 'number' || !isText(id) || !isText(incidentId) || !isText(threadId))
    return undefined;
  if (!isId(agentId) || !isId(group) || !isText(title) || !isText(text)) return undefined;
  return {
    id, kind, priority, incidentId, threadId, agentId, group: group satisfies GroupId, at, title, text,
    ...(value['tier'] === 2 ? { tier: 2 } : {}),
    ...(isText(recommendedAction) ? { recommendedAction } : {}),
    ...(isObject(failureDetails ?? null) ? { failureDetails: failureDetails as JsonObject } : {}),
  }; // prettier-ignore
}

/** Reads what a notifier said of a thread; a damaged one is as good as none, and begins a new thread. */
export function readDelivery(value: Json | undefined): Delivery | undefined {
  if (!isObject(value ?? null)) return undefined;
  const { noticeId, at, threadRef } = value as JsonObject;
  if (!isText(noticeId) || typeof at !== 'number') return undefined;
  return { noticeId, at, ...(isText(threadRef) ? { threadRef } : {}) };
}

/** A copy of the notice with every text of it changed, also in its details. */
export function mapTexts(notice: Notice, change: (text: string) => string): Notice {
  const { recommendedAction, failureDetails } = notice;
  return {
    ...notice,
    title: change(notice.title),
    text: change(notice.text),
    ...(recommendedAction === undefined ? {} : { recommendedAction: change(recommendedAction) }),
    ...(failureDetails === undefined ? {} : { failureDetails: mapJson(failureDetails, change) as JsonObject }),
  };
}

function mapJson(value: Json, change: (text: string) => string): Json {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item: Json) => mapJson(item, change));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, mapJson(member, change)]));
}

function isObject(value: Json): value is JsonObject {
  return value !== null && typeof value === 'object' && !Array.isArray(value);
}

function isText(value: unknown): value is string {
  return typeof value === 'string' && value !== '';
}
