import { hash, timingSafeEqual } from 'node:crypto';
import { guardError, type GuardApi } from '@praetorian-guard/core/plugin';
import type { HttpConfig, HttpToken } from './config.ts';

/** Who sends a request. Without tokens everybody on this machine is an operator. */
export interface Caller {
  readonly name: string;
  readonly role: HttpToken['role'];
  readonly agentId?: string;
  readonly group?: string;
}

/** Who may use a route. `agent`: the agent it is about, and operators. `agent-read`: viewers too. */
export type Access = 'public' | 'agent' | 'agent-read' | 'viewer' | 'operator';

/** The caller in mode `loopback-open`. */
export const localOperator: Caller = { name: 'loopback', role: 'operator' };

const digest = (text: string): Buffer => hash('sha256', text, 'buffer');

/**
 * Knows the tokens by their SHA-256 only. A digest is looked up in a map and then compared in constant time: the time of
 * the look-up says nothing about a token, because nobody can choose a token by its digest.
 */
export class Tokens {
  readonly #byDigest = new Map<string, { readonly digest: Buffer; readonly caller: Caller }>();

  constructor(tokens: HttpConfig['tokens']) {
    for (const { token, ...caller } of tokens) {
      const hashed = digest(token);
      this.#byDigest.set(hashed.toString('latin1'), { digest: hashed, caller });
    }
  }

  /** @throws GUARD_HTTP_UNAUTHORIZED when the header carries no known token. */
  callerOf(authorization: string | undefined): Caller {
    if (authorization !== undefined && /^bearer /i.test(authorization)) {
      const hashed = digest(authorization.slice(7).trim());
      const known = this.#byDigest.get(hashed.toString('latin1'));
      if (known !== undefined && timingSafeEqual(known.digest, hashed)) return known.caller;
    }
    throw guardError('GUARD_HTTP_UNAUTHORIZED');
  }
}

/** The roles each kind of access is for; operators may do everything. */
const allowed: { readonly [A in Exclude<Access, 'public'>]: readonly Caller['role'][] } = {
  agent: ['agent', 'operator'],
  'agent-read': ['agent', 'viewer', 'operator'],
  viewer: ['viewer', 'operator'],
  operator: ['operator'],
};

/** @throws GUARD_HTTP_FORBIDDEN when the caller's role does not reach `access`. */
export function requireAccess(caller: Caller, access: Exclude<Access, 'public'>): void {
  const roles = allowed[access];
  if (roles.includes(caller.role)) return;
  throw guardError('GUARD_HTTP_FORBIDDEN', {
    why: `it has the role ${caller.role}, and this needs ${roles.join(' or ')}`,
  });
}

/** Says whether a caller may speak for an agent. A token of a group is held against the group the agent is in now. */
export class Ownership {
  readonly #guard: GuardApi;

  constructor(guard: GuardApi) {
    this.#guard = guard;
  }

  /**
   * @throws GUARD_HTTP_FORBIDDEN when the token is bound to another agent or group.
   * @throws GUARD_AGENT_UNKNOWN when the token is bound to a group and nobody registered the agent.
   */
  requireOwn(caller: Caller, agentId: string): void {
    if (caller.role !== 'agent') return;
    if (caller.agentId !== undefined) {
      if (caller.agentId !== agentId) throw notYours(`agent ${caller.agentId}`);
    } else if (this.#guard.agents.groupOf(agentId) !== caller.group) {
      throw notYours(`group ${caller.group}`);
    }
  }

  /** As `requireOwn`, for an agent that may not be there yet; a token that names a group, too, is for that group alone. */
  requireOwnNew(caller: Caller, agentId: string, group: string, exists: boolean): void {
    if (caller.role !== 'agent') return;
    if (caller.group !== undefined && caller.group !== group) throw notYours(`group ${caller.group}`);
    if (exists || caller.agentId !== undefined) this.requireOwn(caller, agentId);
  }
}

function notYours(bound: string): Error {
  return guardError('GUARD_HTTP_FORBIDDEN', { why: `it speaks for ${bound} only` });
}
