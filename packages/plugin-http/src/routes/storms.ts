import { guardError } from '@praetorian-guard/core/plugin';
import type { Parts } from '../parts.ts';
import { readQuery } from '../query.ts';
import type { QuerySpec, RouteSpec } from '../route.ts';
import { listQuery } from './agents.ts';

const stormsQuery = {
  ...listQuery,
  state: { enum: ['open', 'closed'], description: 'Only storms in this state.' },
} as const satisfies QuerySpec;

/** Many failures that are one: what to read first when much is red. */
export function stormRoutes({ guard }: Parts): RouteSpec[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/storms',
      access: 'viewer',
      tag: 'incidents',
      summary: 'Storms, the latest first: many failures that are one.',
      query: stormsQuery,
      responses: { 200: { description: '`{items, next}`; `next` is missing on the last page.' } },
      handle: (request) => guard.storms.list(readQuery(stormsQuery, request.query, 'GET /api/v1/storms') as object),
    },
    {
      method: 'GET',
      path: '/api/v1/storms/:id',
      access: 'viewer',
      tag: 'incidents',
      summary: 'One storm with its timeline.',
      responses: { 200: { description: 'The storm.' }, 404: { description: 'There is none of this id.' } },
      handle: async (request) => {
        const { id } = request.params as { readonly id: string };
        // Ids are opaque; whatever could not be one is not asked for.
        if (!/^[\w.:-]{1,100}$/.test(id))
          throw guardError('GUARD_STORM_UNKNOWN', { stormId: JSON.stringify(id.slice(0, 100)) });
        return guard.storms.get(id);
      },
    },
  ];
}
