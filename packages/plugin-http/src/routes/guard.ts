import { guardError, guardEventTypes, isId } from '@praetorian-guard/core/plugin';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { whenOver } from '../connection.ts';
import type { Parts } from '../parts.ts';
import { readQuery } from '../query.ts';
import type { QuerySpec, RouteSpec } from '../route.ts';

const routesQuery = {
  group: { type: 'string', required: true, description: 'The group work is to be sent to.' },
} as const satisfies QuerySpec;

const eventsQuery = {
  types: { type: 'string', description: `Only these types, separated by commas: ${guardEventTypes.join(', ')}.` },
  after: {
    type: 'string',
    description: 'Id of the last event seen; the header `Last-Event-ID` goes before it.',
  },
} as const satisfies QuerySpec;

/** The guard itself: its state, its events, where work may go. */
export function guardRoutes(parts: Parts): RouteSpec[] {
  const { guard } = parts;
  return [
    {
      method: 'GET',
      path: '/api/v1/status',
      access: 'viewer',
      tag: 'guard',
      summary: 'The state of the guard, and what the caller may do.',
      responses: { 200: { description: 'The status; `caller` holds name and role.' } },
      handle: (request) => ({ ...guard.status(), caller: { name: request.caller.name, role: request.caller.role } }),
    },
    {
      method: 'GET',
      path: '/api/v1/routes',
      access: 'viewer',
      tag: 'guard',
      summary: 'Where work of a group may go now.',
      query: routesQuery,
      responses: { 200: { description: '`{items}` with endpoint and weight.' } },
      handle: (request) => {
        const { group = '' } = readQuery(routesQuery, request.query, 'GET /api/v1/routes');
        if (!isId(group))
          throw guardError('GUARD_HTTP_QUERY', { route: 'GET /api/v1/routes', why: 'group is not an id' });
        return { items: guard.routes(group) };
      },
    },
    {
      method: 'GET',
      path: '/api/v1/events',
      access: 'viewer',
      tag: 'guard',
      summary: 'Every event as it happens (server-sent events).',
      query: eventsQuery,
      responses: {
        200: {
          description:
            'First `stream.opened`, whose `complete` says whether nothing was missed; then each event with its type as name.',
          contentType: 'text/event-stream',
          schema: { type: 'string' },
        },
        503: { description: 'There are already as many streams as allowed.' },
      },
      handle: (request, reply) => openStream(parts, request, reply),
    },
  ];
}

function openStream({ events }: Parts, request: FastifyRequest, reply: FastifyReply): void {
  const query = readQuery(eventsQuery, request.query, 'GET /api/v1/events');
  const types = typesOf(query.types);
  const after = lastSeen(request.headers['last-event-id']) ?? query.after;
  events.requireRoom();
  reply.hijack();
  reply.raw.writeHead(200, {
    ...(reply.getHeaders() as { readonly [name: string]: string }),
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-store',
    // Proxies that buffer answers would hold events back.
    'x-accel-buffering': 'no',
  });
  request.raw.socket.setNoDelay(true);
  // A quiet stream is no dead connection: comments may be further apart than the time a stalled answer gets.
  request.raw.socket.setTimeout(0);
  const wish = { ...(after === undefined ? {} : { after }), ...(types === undefined ? {} : { types }) };
  whenOver(request.raw, reply.raw, events.join(reply.raw, wish));
}

function typesOf(list: string | undefined): ReadonlySet<string> | undefined {
  if (list === undefined) return undefined;
  const names = list.split(',').map((name) => name.trim());
  // A plugin's own events carry its prefix, so only names without one can be known to be wrong.
  const stray = names.find((name) => !name.includes('/') && !(guardEventTypes as readonly string[]).includes(name));
  if (stray !== undefined) {
    throw guardError('GUARD_HTTP_QUERY', {
      route: 'GET /api/v1/events',
      why: `types: ${JSON.stringify(stray.slice(0, 100))} is no event`,
    });
  }
  return new Set(names);
}

/** `Last-Event-ID` as browsers send it back; what is empty is none. */
function lastSeen(header: string | readonly string[] | undefined): string | undefined {
  return typeof header === 'string' && header !== '' ? header : undefined;
}
