import type { Registration } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import type { AgentId, GroupId, InstanceId, Json, JsonObject } from '../model/index.ts';
import { isId } from '../model/index.ts';
import type { Entry } from './entry.ts';
import type { Turn } from './incarnation.ts';
import { checkedRegistration } from './registration-check.ts';

/** What has to outlive the guard of an agent. Policy and labels of an orchestrator are not in it: they are read anew. */
export function recordOf(entry: Entry): JsonObject {
  const { current, registration } = entry;
  return {
    id: entry.id,
    group: entry.view.agent.group,
    retired: [...entry.retired],
    ...(entry.orchestrator === undefined ? {} : { orchestrator: entry.orchestrator }),
    ...(registration ? { registration: plain(registration) } : {}),
    ...(entry.commanded ? { commanded: true } : {}),
    ...(entry.alias === undefined ? {} : { alias: entry.alias }),
    ...(entry.listedAs === undefined ? {} : { listedAs: entry.listedAs }),
    ...(entry.former ? { former: { ...entry.former } } : {}),
    ...(entry.registeredEndpoint === undefined ? {} : { endpoint: entry.registeredEndpoint }),
    ...(entry.heard !== undefined && entry.heard === current?.id ? { heard: entry.heard } : {}),
    ...(current
      ? {
          current: {
            id: current.id,
            generation: current.generation,
            named: current.named,
            anonymous: current.anonymous,
          },
        }
      : {}),
  };
}

export interface ReadRecord {
  readonly id: AgentId;
  readonly group: GroupId;
  readonly into: (entry: Entry) => Turn;
}

/** Reads a record back; throws `GUARD_STATE_CORRUPT` naming the field that is wrong. */
export function readRecord(record: Json): ReadRecord {
  const fields = objectOf(record, 'record');
  const id = idOf(fields['id'], 'id');
  const group = idOf(fields['group'], 'group');
  const retired = Array.isArray(fields['retired']) ? fields['retired'].map((item: Json) => idOf(item, 'retired')) : [];
  const registration = fields['registration'] === undefined ? undefined : registrationOf(fields['registration']);
  const current = fields['current'] === undefined ? undefined : currentOf(objectOf(fields['current'], 'current'));
  const former = fields['former'] === undefined ? undefined : formerOf(objectOf(fields['former'], 'former'));
  return {
    id,
    group,
    into: (entry) => {
      entry.retired = retired;
      entry.registration = registration;
      entry.orchestrator = optionalText(fields['orchestrator'], 'orchestrator');
      entry.alias = optionalText(fields['alias'], 'alias');
      entry.listedAs = optionalText(fields['listedAs'], 'listedAs');
      entry.former = former;
      entry.registeredEndpoint = optionalText(fields['endpoint'], 'endpoint');
      // The group is known before an orchestrator lists the agent again.
      if (fields['commanded'] === true || !registration) entry.commanded = { group };
      entry.current = current;
      entry.heard = optionalText(fields['heard'], 'heard');
      entry.heardBefore = entry.heard;
      return 'replaced';
    },
  };
}

function registrationOf(value: Json): Registration {
  try {
    return checkedRegistration(value as unknown as Registration);
  } catch (error) {
    throw corrupt('registration', error);
  }
}

function currentOf(fields: JsonObject): NonNullable<Entry['current']> {
  const generation = fields['generation'];
  if (typeof generation !== 'number' || !Number.isSafeInteger(generation)) throw corrupt('current.generation');
  return {
    id: idOf(fields['id'], 'current.id'),
    generation,
    named: fields['named'] === true,
    anonymous: fields['anonymous'] === true,
  };
}

function formerOf({ id, alias }: JsonObject): NonNullable<Entry['former']> {
  return { id: idOf(id, 'former.id'), alias: idOf(alias, 'former.alias') };
}

function objectOf(value: Json | undefined, field: string): JsonObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw corrupt(field);
  return value as JsonObject;
}

function idOf(value: Json | undefined, field: string): InstanceId {
  if (!isId(value)) throw corrupt(field);
  return value;
}

function optionalText(value: Json | undefined, field: string): string | undefined {
  if (value !== undefined && typeof value !== 'string') throw corrupt(field);
  return value;
}

function corrupt(field: string, cause?: unknown): Error {
  return guardError('GUARD_STATE_CORRUPT', { path: 'agent record', why: `the field ${field} is not valid` }, { cause });
}

function plain(registration: Registration): JsonObject {
  return {
    ...registration,
    ...(registration.dependsOn ? { dependsOn: [...registration.dependsOn] } : {}),
  };
}
