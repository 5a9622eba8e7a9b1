import { guardError, type GuardApi, type Incident } from '@praetorian-guard/core/plugin';
import type { FastifyRequest } from 'fastify';
import type { Parts } from '../parts.ts';
import { readQuery } from '../query.ts';
import type { QuerySpec, RouteSpec } from '../route.ts';
import { actorBody, answerBody } from '../schemas.ts';
import { actorOf } from './actor.ts';
import { listQuery } from './agents.ts';

const incidentsQuery = {
  ...listQuery,
  agentId: { type: 'string', description: 'Only incidents of this agent.' },
  state: {
    enum: ['unresolved', 'open', 'acting', 'watching', 'awaiting-approval', 'held', 'escalated', 'resolved'],
    description: 'Only incidents in this state; `unresolved` is every state but resolved.',
  },
} as const satisfies QuerySpec;

function incidentIdOf(request: FastifyRequest): string {
  const { id } = request.params as { readonly id: string };
  // Ids are opaque; whatever could not be one is not asked for.
  if (!/^[\w.:-]{1,100}$/.test(id))
    throw guardError('GUARD_INCIDENT_UNKNOWN', { incidentId: JSON.stringify(id.slice(0, 100)) });
  return id;
}

export function incidentRoutes({ guard }: Parts): RouteSpec[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/incidents',
      access: 'viewer',
      tag: 'incidents',
      summary: 'Incidents, the latest first.',
      query: incidentsQuery,
      responses: { 200: { description: '`{items, next}`; `next` is missing on the last page.' } },
      handle: (request) =>
        guard.incidents.list(readQuery(incidentsQuery, request.query, 'GET /api/v1/incidents') as object),
    },
    {
      method: 'GET',
      path: '/api/v1/incidents/:id',
      access: 'viewer',
      tag: 'incidents',
      summary: 'One incident with its timeline.',
      responses: { 200: { description: 'The incident and `timeline`, oldest entry first.' } },
      handle: async (request) => {
        const id = incidentIdOf(request);
        const [incident, timeline] = await Promise.all([guard.incidents.get(id), guard.incidents.timeline(id)]);
        return { ...incident, timeline };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/incidents/:id/explain',
      access: 'viewer',
      tag: 'incidents',
      summary: 'Why the guard acted, or did not.',
      responses: { 200: { description: 'The explanation.' } },
      handle: async (request) => {
        // The guard explains agents too; here only an incident is meant.
        const { id } = await guard.incidents.get(incidentIdOf(request));
        return guard.explain(id);
      },
    },
    verb(guard, 'acknowledge', 'Takes note of an incident.'),
    verb(
      guard,
      'approve',
      'Approves the plan that waits; `planHash` binds the approval to the plan that was seen, `token` comes from a message.',
    ),
    verb(guard, 'reject', 'Rejects the plan that waits; the incident is escalated.'),
    verb(guard, 'resolve', 'Resolves an incident by hand.'),
  ];
}

type Verb = 'acknowledge' | 'approve' | 'reject' | 'resolve';

function verb(guard: GuardApi, name: Verb, summary: string): RouteSpec {
  return {
    method: 'POST',
    path: `/api/v1/incidents/:id/${name}`,
    access: 'operator',
    tag: 'incidents',
    summary,
    body: name === 'approve' || name === 'reject' ? answerBody : actorBody,
    bodyOptional: true,
    responses: {
      200: { description: 'The incident as it is now.' },
      409: { description: 'Not in this state, or another plan waits.' },
    },
    handle: (request): Promise<Incident> => {
      const { planHash, token } = request.body as { readonly planHash?: string; readonly token?: string };
      const answer = {
        ...actorOf(request),
        ...(planHash === undefined ? {} : { planHash }),
        ...(token === undefined ? {} : { token }),
      };
      return guard[name](incidentIdOf(request), answer);
    },
  };
}
