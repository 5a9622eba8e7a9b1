import { type AgentStatus, groupSlo, guardError, type GuardApi, isId } from '@praetorian-guard/core/plugin';
import type { FastifyRequest } from 'fastify';
import type { Parts } from '../parts.ts';
import type { RouteSpec } from '../route.ts';

export function groupRoutes({ guard }: Parts): RouteSpec[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/groups/:id/slo',
      access: 'viewer',
      tag: 'agents',
      summary: 'The service levels of a group.',
      responses: {
        200: {
          description:
            'Of each figure the worst of any agent, and whose it is; `of` says that it is the maximum. Percentiles are never averaged.',
        },
      },
      handle: (request) => {
        const group = groupOf(request);
        const members = everyAgent(guard, group).map(({ agent, slo, metrics }) => ({
          agentId: agent.id,
          slo,
          metrics,
        }));
        return { group, ...groupSlo(members) };
      },
    },
  ];
}

/** The group in the path. @throws GUARD_AGENT_ID */
function groupOf(request: FastifyRequest): string {
  const { id } = request.params as { readonly id: string };
  if (!isId(id)) throw guardError('GUARD_AGENT_ID', { value: JSON.stringify(String(id).slice(0, 200)) });
  return id;
}

function everyAgent(guard: GuardApi, group: string): readonly AgentStatus[] {
  const agents: AgentStatus[] = [];
  let after: string | undefined;
  do {
    const page = guard.agents.list({ group, limit: 1_000, ...(after === undefined ? {} : { after }) });
    agents.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return agents;
}
