import { guardError, type GuardApi, type SignalDraft } from '@praetorian-guard/core/plugin';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Parts } from '../parts.ts';
import { readQuery } from '../query.ts';
import type { QuerySpec, RouteSpec } from '../route.ts';
import { errorsBody } from '../schemas.ts';
import { readTime } from '../wire.ts';
import { agentIdOf } from './agents.ts';

const stateQuery = {
  instance: { type: 'string', description: 'The instance the state is of. [the current one]' },
} as const satisfies QuerySpec;

/** What agents hand in: their state, and the errors they met. */
export function agentDataRoutes(parts: Parts): RouteSpec[] {
  return [...state(parts), errors(parts)];
}

function state({ guard, ownership, transfers }: Parts): RouteSpec[] {
  const own = (request: FastifyRequest): string => {
    const agentId = agentIdOf(request);
    ownership.requireOwn(request.caller, agentId);
    return agentId;
  };
  return [
    {
      method: 'PUT',
      path: '/api/v1/agents/:id/state',
      access: 'agent',
      tag: 'agents',
      summary: 'Keeps a checkpoint of the agent, of any content type.',
      query: stateQuery,
      accepts: ['*'],
      limit: 'state',
      responses: {
        201: {
          description:
            'The checkpoint as it is kept. `quarantined`: it is never restored, since its instance is suspected or not known.',
        },
        410: { description: 'The instance was replaced and must stop.' },
        503: { description: 'Too many large states are under way; try again.' },
      },
      handle: async (request, reply) => {
        const route = 'PUT /api/v1/agents/:id/state';
        const agentId = own(request);
        const { instance } = readQuery(stateQuery, request.query, route);
        const bytes = request.body as Buffer | undefined;
        if (bytes === undefined || bytes.length === 0)
          throw guardError('GUARD_HTTP_BODY', { route, why: 'it is empty' });
        const contentType = request.headers['content-type'] ?? 'application/octet-stream';
        const meta = instance === undefined ? { contentType } : { contentType, instance };
        return reply.code(201).send(await guard.checkpoints.save(agentId, bytes, meta));
      },
    },
    {
      method: 'GET',
      path: '/api/v1/agents/:id/state',
      access: 'agent-read',
      tag: 'agents',
      summary: 'The latest usable checkpoint, byte for byte.',
      responses: {
        200: {
          description: 'The state; its SHA-256 and version stand in the headers.',
          contentType: 'application/octet-stream',
          schema: { type: 'string', format: 'binary' },
        },
        404: { description: 'There is no usable checkpoint.' },
      },
      handle: async (request, reply) => {
        const latest = await guard.checkpoints.latest(own(request), {
          admit: ({ bytes }) => transfers.reserve(request, reply, bytes),
        });
        if (!latest) throw guardError('GUARD_CHECKPOINT_MISSING', { agentId: agentIdOf(request) });
        return sendState(latest, reply);
      },
    },
  ];
}

type Latest = NonNullable<Awaited<ReturnType<Parts['guard']['checkpoints']['latest']>>>;

/** The type is the sender's word: a browser is told not to show it, not to guess another and not to run it. */
function sendState({ checkpoint, bytes }: Latest, reply: FastifyReply): unknown {
  return reply
    .headers({
      'content-type': checkpoint.contentType,
      'content-disposition': 'attachment; filename="state"',
      'content-security-policy': "default-src 'none'; sandbox",
      etag: `"${checkpoint.sha256}"`,
      'repr-digest': `sha-256=:${Buffer.from(checkpoint.sha256, 'hex').toString('base64')}:`,
      'last-modified': new Date(checkpoint.at).toUTCString(),
      'x-checkpoint-id': checkpoint.id,
      'x-checkpoint-version': checkpoint.version,
      'x-checkpoint-sha256': checkpoint.sha256,
    })
    .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

interface ReportedError {
  readonly message: string;
  readonly type?: string;
  readonly count?: number;
  readonly instance?: string;
  readonly at?: number | string;
}

function errors({ guard, ownership }: Parts): RouteSpec {
  return {
    method: 'POST',
    path: '/api/v1/agents/:id/errors',
    access: 'agent',
    tag: 'agents',
    summary: 'Reports an error of the agent, or up to 1000. All are taken in, or none.',
    body: errorsBody,
    responses: {
      202: { description: 'How many were taken in.' },
      410: { description: 'The instance was replaced and must stop.' },
    },
    handle: (request: FastifyRequest, reply: FastifyReply) => {
      const agentId = agentIdOf(request);
      ownership.requireOwn(request.caller, agentId);
      const reported = (Array.isArray(request.body) ? request.body : [request.body]) as readonly ReportedError[];
      const drafts = reported.map((error) => draftOf(agentId, error));
      // All or none: what is sent again after a refusal must not count twice.
      for (const draft of drafts) requireGood(guard, draft);
      for (const draft of drafts) guard.ingest(draft);
      return reply.code(202).send({ accepted: drafts.length });
    },
  };
}

/** @throws GUARD_AGENT_UNKNOWN, GUARD_AGENT_RETIRED, GUARD_SIGNAL_INVALID */
function requireGood(guard: GuardApi, draft: SignalDraft): void {
  const { agentId, instanceId: instance } = draft;
  const why = guard.signalProblem(draft);
  if (why !== undefined) throw guardError('GUARD_SIGNAL_INVALID', { why });
  if (instance !== undefined && guard.agents.standing(agentId, instance) === 'retired')
    throw guardError('GUARD_AGENT_RETIRED', { agentId, instance });
}

function draftOf(agentId: string, { message, type, count = 1, instance, at }: ReportedError): SignalDraft {
  const time = readTime(at);
  if (time !== undefined && !(typeof time === 'number' && Number.isFinite(time))) {
    throw guardError('GUARD_SIGNAL_INVALID', { why: 'at is neither milliseconds nor ISO 8601' });
  }
  return {
    kind: 'error',
    agentId,
    message,
    count,
    ...(type === undefined ? {} : { type }),
    ...(instance === undefined ? {} : { instanceId: instance }),
    ...(time === undefined ? {} : { at: time }),
  };
}
