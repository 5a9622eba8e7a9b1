import type { Actor } from '@praetorian-guard/core/plugin';
import type { FastifyRequest } from 'fastify';
import { localOperator } from '../access.ts';
import type { QuerySpec } from '../route.ts';

/** Where a request has no body: who does it, and why. */
export const actorQuery = {
  by: { type: 'string', description: 'Who does it. [the name of the token]' },
  note: { type: 'string', description: 'Why.' },
} as const satisfies QuerySpec;

/**
 * Who does it, for the record: the name in the body, else the token's. A name given with a token is kept beside the
 * token's, so that nobody can sign as another without leaving a trace.
 */
export function actorOf(request: FastifyRequest, said = request.body as Partial<Actor> | undefined): Actor {
  const { name } = request.caller;
  const by = said?.by === undefined || said.by === name ? name : `${said.by} via ${name}`;
  // On the loopback nobody has to prove who they are: there, names tell persons apart.
  const account = request.caller === localOperator ? {} : { account: name };
  return { by, ...account, ...(said?.note === undefined ? {} : { note: said.note }) };
}
