import { guardError, type HoldScope, isId } from '@praetorian-guard/core/plugin';
import type { FastifyRequest } from 'fastify';
import type { Parts } from '../parts.ts';
import { readQuery } from '../query.ts';
import type { RouteSpec } from '../route.ts';
import { holdBody } from '../schemas.ts';
import { duration, either } from '../wire.ts';
import { actorOf, actorQuery } from './actor.ts';

interface HoldWish {
  readonly scope: { readonly kind: HoldScope['kind']; readonly group?: string; readonly agentId?: string };
  readonly reason: string;
  readonly ttl?: number | string;
  readonly ttlMs?: number;
  readonly maintenance?: boolean;
}

export function holdRoutes({ guard }: Parts): RouteSpec[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/holds',
      access: 'viewer',
      tag: 'holds',
      summary: 'The holds in force.',
      responses: { 200: { description: '`{items}`.' } },
      handle: () => ({ items: guard.holds.list() }),
    },
    {
      method: 'POST',
      path: '/api/v1/holds',
      access: 'operator',
      tag: 'holds',
      summary: 'Holds the fleet, a group or an agent: remediation rests, monitoring goes on.',
      body: holdBody,
      responses: { 201: { description: 'The hold.' } },
      handle: async (request: FastifyRequest, reply) => {
        const { scope, reason, ttlMs, maintenance, ttl } = request.body as HoldWish;
        const route = 'POST /api/v1/holds';
        const given = either(ttl, ttlMs, { names: 'ttl and ttlMs', route });
        if (given === undefined) throw guardError('GUARD_HOLD_INVALID', { why: 'it has no ttl, and every hold ends' });
        const hold = await guard.hold({
          ...actorOf(request),
          scope: scopeOf(scope),
          reason,
          ttlMs: ttlMs ?? duration(given, 'ttl', route),
          ...(maintenance === undefined ? {} : { maintenance }),
        });
        return reply.code(201).send(hold);
      },
    },
    {
      method: 'DELETE',
      path: '/api/v1/holds/:id',
      access: 'operator',
      tag: 'holds',
      summary: 'Releases a hold.',
      query: actorQuery,
      responses: { 204: { description: 'It is released.' } },
      handle: async (request, reply) => {
        const { id } = request.params as { readonly id: string };
        const said = readQuery(actorQuery, request.query, 'DELETE /api/v1/holds/:id');
        await guard.release(id, actorOf(request, said));
        return reply.code(204).send();
      },
    },
  ];
}

/** A scope names exactly what its kind needs: a fleet hold with a group in it is a slip, not a wish. */
function scopeOf({ kind, group, agentId }: HoldWish['scope']): HoldScope {
  if (kind === 'fleet' && group === undefined && agentId === undefined) return { kind };
  if (kind === 'group' && isId(group) && agentId === undefined) return { kind, group };
  if (kind === 'agent' && isId(agentId) && group === undefined) return { kind, agentId };
  const needs = { fleet: 'nothing else', group: 'a group and nothing else', agent: 'an agentId and nothing else' };
  throw guardError('GUARD_HOLD_INVALID', { why: `a scope of kind ${kind} takes ${needs[kind]}` });
}
