import type { JsonObject } from '@praetorian-guard/core/plugin';

/** Schemas of bodies, in the part of JSON Schema that is the same in draft 7 (validation) and 2020-12 (OpenAPI 3.1). */
const id = { type: 'string', minLength: 1, maxLength: 200 };
const text = (maxLength: number): JsonObject => ({ type: 'string', minLength: 1, maxLength });

const object = (properties: JsonObject, required: readonly string[] = []): JsonObject => ({
  type: 'object',
  additionalProperties: false,
  properties,
  ...(required.length > 0 ? { required } : {}),
});

const actor = { by: text(200), note: text(2_000) };

export const actorBody: JsonObject = object(actor);

/** An answer to a plan: for this plan alone, or by the token of a message. */
export const answerBody: JsonObject = object({ ...actor, planHash: text(200), token: text(4_096) });

export const registrationBody: JsonObject = object(
  {
    id,
    group: id,
    instance: id,
    generation: { type: 'integer', minimum: 1 },
    endpoint: { type: 'string', pattern: '^https?://', maxLength: 2_000 },
    // The last thousand events are kept, and each registration is one: what an agent says of itself has to stay small.
    labels: {
      type: 'object',
      maxProperties: 64,
      propertyNames: { minLength: 1, maxLength: 128 },
      additionalProperties: { type: 'string', maxLength: 1_024 },
    },
    role: { enum: ['primary', 'replica'] },
    dependsOn: { type: 'array', maxItems: 64, items: id },
    criticality: { enum: [0, 1, 2] },
  },
  ['id', 'group'],
);

/** A point in time: milliseconds since 1970, or ISO 8601 (a missing zone means UTC). */
const time = { type: ['number', 'string'], description: 'Milliseconds since 1970, or ISO 8601; no zone means UTC.' };

const agentError = object(
  {
    message: text(4_096),
    type: text(200),
    count: { type: 'integer', minimum: 1, maximum: 1_000_000_000, description: 'How often since the last report. [1]' },
    instance: id,
    at: time,
  },
  ['message'],
);

export const errorsBody: JsonObject = {
  if: { type: 'array' },
  // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema
  then: { type: 'array', minItems: 1, maxItems: 1_000, items: agentError },
  else: agentError,
};

const overrideBody = object({
  memoryLimit: { type: ['integer', 'string'], description: 'Bytes, or a size like `2GB`.' },
  memory_limit: { type: ['integer', 'string'] },
  cpuLimit: { type: 'number', exclusiveMinimum: 0, description: 'Shares of a processor.' },
  cpu_limit: { type: 'number', exclusiveMinimum: 0 },
  timeout: { type: ['number', 'string'], description: 'Seconds, or a duration like `5m`.' },
  timeoutMs: { type: 'number', exclusiveMinimum: 0 },
  image: text(1_000),
  command: { type: 'array', maxItems: 200, items: { type: 'string', maxLength: 10_000 } },
  env: { type: 'object', maxProperties: 500, additionalProperties: { type: 'string', maxLength: 65_536 } },
});

export const respawnBody: JsonObject = object({
  ...actor,
  restoreState: { type: 'boolean' },
  restore_state: { type: 'boolean' },
  configOverride: overrideBody,
  config_override: overrideBody,
});

export const holdBody: JsonObject = object(
  {
    ...actor,
    scope: {
      ...object({ kind: { enum: ['fleet', 'group', 'agent'] }, group: id, agentId: id }, ['kind']),
      description: '`{"kind":"fleet"}`, `{"kind":"group","group":…}` or `{"kind":"agent","agentId":…}`.',
    },
    reason: text(500),
    ttl: { type: ['number', 'string'], description: 'Seconds, or a duration like `2h`.' },
    ttlMs: { type: 'number', exclusiveMinimum: 0 },
    maintenance: { type: 'boolean', description: 'Stops paging too. [false]' },
  },
  ['scope', 'reason'],
);

/** For the description only: the guard itself judges heartbeats. */
export const heartbeatBody: JsonObject = {
  type: 'object',
  required: ['agentId'],
  properties: {
    agentId: id,
    instance: id,
    seq: { type: 'integer', minimum: 0, description: 'Counts up per instance; a repeated or lower one is dropped.' },
    at: time,
    status: { enum: ['ok', 'degraded', 'draining', 'stopping'] },
    role: { enum: ['primary', 'replica'] },
    epoch: { type: 'integer', minimum: 0 },
    lag: { type: 'number', minimum: 0, description: 'Milliseconds a replica is behind its primary.' },
    version: { type: 'string' },
    metrics: {
      type: 'object',
      description: 'Missing is unknown, never 0.',
      properties: {
        avg_latency_ms: { type: 'number', minimum: 0 },
        p95_latency_ms: { type: 'number', minimum: 0 },
        p99_latency_ms: { type: 'number', minimum: 0 },
        error_rate: { type: 'number', minimum: 0, maximum: 1 },
        requests_per_second: { type: 'number', minimum: 0 },
        cpu_usage: { type: 'number', minimum: 0 },
        memory_usage_mb: { type: 'number', minimum: 0 },
        tasks_completed: { type: 'number', minimum: 0 },
        tasks_failed: { type: 'number', minimum: 0 },
      },
    },
    progress: {
      type: 'object',
      properties: {
        activeTasks: { type: 'number', minimum: 0 },
        queueDepth: { type: 'number', minimum: 0 },
        lastProgressAt: time,
      },
    },
  },
};

/** An array of heartbeats, or one a line as NDJSON. */
export const heartbeatsBody: JsonObject = { type: 'array', items: heartbeatBody };

const integer = (description: string): JsonObject => ({ type: 'integer', description });
const list = (properties: JsonObject): JsonObject => ({ type: 'array', items: { type: 'object', properties } });

const instructions: { readonly [name: string]: JsonObject } = {
  instruction: { enum: ['drain', 'isolated', 'epoch'] },
  epoch: integer('With `epoch`: that of the primary that leads the group.'),
  primary: { type: 'string', description: 'With `epoch`: who leads the group.' },
};

export const instructionAnswer: JsonObject = { type: 'object', properties: instructions };

export const heartbeatsAnswer: JsonObject = {
  type: 'object',
  required: ['accepted', 'rejected'],
  properties: {
    accepted: integer('How many were counted.'),
    rejected: list({
      index: integer('Position in the batch, from 0.'),
      line: integer('NDJSON: the line, from 1.'),
      agentId: { type: 'string' },
      code: { type: 'string' },
      detail: { type: 'string' },
    }),
    rejectedMore: integer('Rejections beyond those listed.'),
    instructions: list({
      index: integer('Position in the batch of the beat it answers, from 0; of several of one agent the first.'),
      agentId: { type: 'string' },
      ...instructions,
    }),
  },
};

export const problemSchema: JsonObject = {
  type: 'object',
  description: 'Problem details (RFC 9457).',
  required: ['type', 'title', 'status', 'detail', 'code', 'remedy', 'instance'],
  properties: {
    type: { type: 'string' },
    title: { type: 'string' },
    status: { type: 'integer' },
    detail: { type: 'string' },
    code: { type: 'string' },
    remedy: { type: 'string' },
    instance: { type: 'string' },
    errors: {
      type: 'array',
      items: { type: 'object', properties: { path: { type: 'string' }, detail: { type: 'string' } } },
    },
  },
};
