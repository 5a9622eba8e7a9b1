import { guardError } from '@praetorian-guard/core/plugin';
import type { FastifyReply, FastifyRequest, onRequestHookHandler } from 'fastify';
import { localOperator, requireAccess, Tokens } from './access.ts';
import type { HttpConfig } from './config.ts';
import type { OriginCheck } from './origin.ts';
import { type RouteSpec, takesBody } from './route.ts';
import type { Usage } from './usage.ts';

const apiHeaders = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' };

/** Headers a page of another origin may read. */
const exposed = 'etag, repr-digest, retry-after, x-checkpoint-id, x-checkpoint-version, x-checkpoint-sha256';

/** The one hook before every route: where a request comes from, who sends it, and whether that may be. */
export class Admission {
  readonly #config: HttpConfig;
  readonly #origins: OriginCheck;
  readonly #tokens: Tokens;
  readonly #usage: Usage;

  constructor(config: HttpConfig, origins: OriginCheck, usage: Usage) {
    this.#config = config;
    this.#origins = origins;
    this.#tokens = new Tokens(config.tokens);
    this.#usage = usage;
  }

  /** The hook of one route. */
  hookOf(spec: RouteSpec): onRequestHookHandler {
    const open = this.#config.auth === 'loopback-open';
    const accepts = takesBody(spec) ? (spec.accepts ?? ['application/json']) : [];
    const { access, hot = false } = spec;
    return (request, reply, done) => {
      this.#usage.requests += 1;
      if (!hot) reply.headers(apiHeaders);
      try {
        this.admitPeer(request, reply);
        // A page of another site can post a form without asking first, but not with one of these content types.
        if (open && accepts.length > 0) requireType(request, accepts, `${spec.method} ${spec.path}`);
        request.caller =
          open || access === 'public' ? localOperator : this.#tokens.callerOf(request.headers.authorization);
        if (access !== 'public') requireAccess(request.caller, access);
      } catch (error) {
        done(error as Error);
        return;
      }
      done();
    };
  }

  /** Where it comes from, for every request, also one that meets no route. */
  admitPeer(request: FastifyRequest, reply: FastifyReply): void {
    const { host, origin } = request.headers;
    const embedded =
      request.headers['sec-fetch-site'] === 'cross-site' && request.headers['sec-fetch-mode'] !== 'navigate';
    const { remoteAddress } = request.socket;
    if (this.#origins.active) this.#origins.require({ host, origin, remoteAddress, embedded });
    if (origin !== undefined && this.#origins.allows(origin)) {
      reply.headers({
        'access-control-allow-origin': origin,
        'access-control-expose-headers': exposed,
        vary: 'origin',
      });
    }
  }

  /** Answers the question a browser asks before a page of another origin sends something. */
  answerPreflight(request: FastifyRequest, reply: FastifyReply, methods: readonly string[]): boolean {
    const { origin } = request.headers;
    const asked = request.headers['access-control-request-method'] !== undefined;
    if (!asked || origin === undefined || !this.#origins.allows(origin)) return false;
    void reply
      .headers({
        'access-control-allow-methods': methods.join(', '),
        'access-control-allow-headers': 'authorization, content-type, last-event-id',
        'access-control-max-age': '600',
      })
      .code(204)
      .send();
    return true;
  }
}

function requireType(request: FastifyRequest, accepts: readonly string[], route: string): void {
  const given = request.headers['content-type'];
  const bare = given?.split(';', 1)[0]?.trim().toLowerCase();
  if (bare !== undefined && (accepts.includes('*') || accepts.includes(bare))) return;
  throw guardError('GUARD_HTTP_MEDIA_TYPE', { route, given: given?.slice(0, 100) ?? '(none)' });
}
