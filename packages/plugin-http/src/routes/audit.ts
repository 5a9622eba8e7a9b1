import { type AuditHead, guardError } from '@praetorian-guard/core/plugin';
import type { Parts } from '../parts.ts';
import { readQuery } from '../query.ts';
import type { QuerySpec, RouteSpec } from '../route.ts';
import { listQuery } from './agents.ts';

const verifyQuery = {
  anchors: {
    type: 'string',
    description:
      'Ends of chains noted earlier, as `chain@seq:hash` separated by commas: shows what was cut off or rewritten since.',
  },
} as const satisfies QuerySpec;

/** Who did what, and whether the record of it is whole. */
export function auditRoutes({ guard }: Parts): RouteSpec[] {
  return [
    {
      method: 'GET',
      path: '/api/v1/audit',
      access: 'operator',
      tag: 'guard',
      summary: 'The audit log, the latest entry first.',
      query: listQuery,
      responses: { 200: { description: '`{items, next}`; `next` is missing on the last page.' } },
      handle: (request) => {
        const route = 'GET /api/v1/audit';
        const query = readQuery(listQuery, request.query, route);
        if (query.after !== undefined && !cursorPattern.test(query.after))
          throw guardError('GUARD_HTTP_QUERY', { route, why: 'after is not the `next` of an answer' });
        return guard.audit.list(query);
      },
    },
    {
      method: 'GET',
      path: '/api/v1/audit/verify',
      access: 'operator',
      tag: 'guard',
      summary: 'Follows every chain of the audit log from its start.',
      query: verifyQuery,
      responses: { 200: { description: '`ok`, and for each chain its end and the first entry that does not fit.' } },
      handle: (request) => {
        const { anchors } = readQuery(verifyQuery, request.query, 'GET /api/v1/audit/verify');
        return guard.audit.verify(readAnchors(anchors));
      },
    },
  ];
}

const cursorPattern = /^\d{1,15}\.[a-z0-9-]{1,40}\.\d{1,15}$/;
const anchorPattern = /^([a-z0-9-]{1,40})@(\d{1,15}):([0-9a-f]{64})$/;

function readAnchors(text = ''): readonly AuditHead[] {
  const parts = text.split(',').filter((part) => part.trim() !== '');
  return parts.map((part) => {
    const [, chain, seq, hash] = anchorPattern.exec(part.trim()) ?? [];
    if (chain === undefined || hash === undefined) {
      const why = `anchors: ${JSON.stringify(part.slice(0, 100))} is not chain@seq:hash`;
      throw guardError('GUARD_HTTP_QUERY', { route: 'GET /api/v1/audit/verify', why });
    }
    return { chain, seq: Number(seq), hash };
  });
}
