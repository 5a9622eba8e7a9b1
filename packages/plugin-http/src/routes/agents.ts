import {
  type AgentStatus,
  guardError,
  type GuardApi,
  isGuardError,
  isId,
  type Registration,
} from '@praetorian-guard/core/plugin';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Parts } from '../parts.ts';
import { readQuery } from '../query.ts';
import type { QuerySpec, RouteSpec } from '../route.ts';
import { registrationBody, respawnBody } from '../schemas.ts';
import { either, type OverrideWish, readOverride } from '../wire.ts';
import { actorOf, actorQuery } from './actor.ts';

export const listQuery = {
  limit: { type: 'integer', minimum: 1, maximum: 1_000, description: 'Most items of one answer. [100]' },
  after: { type: 'string', description: 'The `next` of the answer before.' },
} as const satisfies QuerySpec;

const agentsQuery = {
  ...listQuery,
  group: { type: 'string', description: 'Only agents of this group.' },
  health: { enum: ['unknown', 'healthy', 'degraded', 'failed'], description: 'Only agents of this health.' },
} as const satisfies QuerySpec;

/** The agent id in the path. @throws GUARD_AGENT_ID */
export function agentIdOf(request: FastifyRequest): string {
  const { id } = request.params as { readonly id: string };
  if (!isId(id)) throw guardError('GUARD_AGENT_ID', { value: JSON.stringify(String(id).slice(0, 200)) });
  return id;
}

function find(guard: GuardApi, agentId: string): AgentStatus | undefined {
  try {
    return guard.agents.get(agentId);
  } catch (error) {
    if (isGuardError(error, 'GUARD_AGENT_UNKNOWN')) return undefined;
    throw error;
  }
}

export function agentRoutes(parts: Parts): RouteSpec[] {
  return [...registry(parts), ...actions(parts)];
}

function registry({ guard, ownership }: Parts): RouteSpec[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/agents',
      access: 'viewer',
      tag: 'agents',
      summary: 'The fleet, by id.',
      query: agentsQuery,
      responses: { 200: { description: '`{items, next}`; `next` is missing on the last page.' } },
      handle: (request) => guard.agents.list(readQuery(agentsQuery, request.query, 'GET /api/v1/agents') as object),
    },
    {
      method: 'POST',
      path: '/api/v1/agents',
      access: 'agent',
      tag: 'agents',
      summary: 'Registers an agent, or a new instance of one.',
      body: registrationBody,
      responses: {
        201: { description: 'The agent is new.' },
        200: { description: 'The agent was known and is updated.' },
        409: { description: 'The generation is lower than the current one: this instance was replaced and must stop.' },
      },
      handle: async (request: FastifyRequest, reply: FastifyReply) => {
        const registration = request.body as Registration;
        for (const value of [registration.id, registration.group]) {
          if (!isId(value)) throw guardError('GUARD_AGENT_ID', { value: JSON.stringify(value) });
        }
        const known = find(guard, registration.id) !== undefined;
        ownership.requireOwnNew(request.caller, registration.id, registration.group, known);
        const status = await guard.agents.register(registration);
        return reply.code(known ? 200 : 201).send(status);
      },
    },
    {
      method: 'GET',
      path: '/api/v1/agents/:id',
      access: 'viewer',
      tag: 'agents',
      summary: 'One agent with everything known of it.',
      responses: { 200: { description: 'The agent.' } },
      handle: (request) => guard.agents.get(agentIdOf(request)),
    },
    {
      method: 'DELETE',
      path: '/api/v1/agents/:id',
      access: 'operator',
      tag: 'agents',
      summary: 'Deregisters an agent. Its open incident is resolved as removed.',
      query: actorQuery,
      responses: { 204: { description: 'It is gone, and stays so.' } },
      handle: async (request, reply) => {
        const said = readQuery(actorQuery, request.query, 'DELETE /api/v1/agents/:id');
        await guard.agents.deregister(agentIdOf(request), actorOf(request, said));
        return reply.code(204).send();
      },
    },
  ];
}

interface RespawnWish {
  readonly by?: string;
  readonly note?: string;
  readonly restoreState?: boolean;
  readonly restore_state?: boolean;
  readonly configOverride?: OverrideWish;
  readonly config_override?: OverrideWish;
}

function actions({ guard }: Parts): RouteSpec[] {
  return [
    {
      method: 'POST',
      path: '/api/v1/agents/:id/respawn',
      access: 'operator',
      tag: 'agents',
      summary: 'Asks for a respawn. It passes the gate like any other action.',
      body: respawnBody,
      bodyOptional: true,
      responses: { 202: { description: 'The incident under which it is done.' } },
      handle: async (request, reply) => {
        const route = 'POST /api/v1/agents/:id/respawn';
        const wish = request.body as RespawnWish;
        const restoreState = either(wish.restoreState, wish.restore_state, {
          names: 'restoreState and restore_state',
          route,
        });
        const override = either(wish.configOverride, wish.config_override, {
          names: 'configOverride and config_override',
          route,
        });
        const incident = await guard.respawn(agentIdOf(request), {
          ...actorOf(request),
          ...(restoreState === undefined ? {} : { restoreState }),
          ...(override === undefined ? {} : { configOverride: readOverride(override, route) }),
        });
        return reply.code(202).send(incident);
      },
    },
    {
      method: 'GET',
      path: '/api/v1/agents/:id/explain',
      access: 'viewer',
      tag: 'agents',
      summary: 'Why the guard acts on the agent, or does not.',
      responses: { 200: { description: 'The explanation.' } },
      handle: (request) => guard.explain(agentIdOf(request)),
    },
  ];
}
