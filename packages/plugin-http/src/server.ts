import { guardError, type GuardError, messageOf } from '@praetorian-guard/core/plugin';
import createFastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { Admission } from './admission.ts';
import { parseJson } from './json-body.ts';
import { describeRoutes } from './openapi.ts';
import { OriginCheck } from './origin.ts';
import type { Parts } from './parts.ts';
import { knownError, placesOf, toProblem, validationOf } from './problem.ts';
import { readQuery } from './query.ts';
import type { RouteSpec } from './route.ts';
import { allRoutes } from './routes/all.ts';

/** A peer that sends its headers or body slower than this is cut off; so is one that takes nothing of its answer. */
const requestTimeoutMs = 120_000;
const keepAliveTimeoutMs = 72_000;

/** Largest body that is read to its end only to be dropped. */
const dropMaxBytes = 64 * 1024 * 1024;

export interface Server {
  readonly app: FastifyInstance;
  readonly routes: readonly RouteSpec[];
}

/** Builds the server with every route; it does not listen yet. The one file that knows the HTTP library at run time. */
export function createServer(parts: Parts): Server {
  const { config, guard, usage } = parts;
  const admission = new Admission(config, new OriginCheck(config), usage);
  const onError = errorHandler(parts);
  const app = createFastify({
    logger: false,
    bodyLimit: config.limits.json,
    requestTimeout: requestTimeoutMs,
    connectionTimeout: requestTimeoutMs,
    keepAliveTimeout: keepAliveTimeoutMs,
    forceCloseConnections: 'idle',
    routerOptions: { maxParamLength: 1_000 },
    ajv: {
      customOptions: {
        coerceTypes: false,
        removeAdditional: false,
        useDefaults: false,
        allErrors: true,
        allowUnionTypes: true,
      },
    },
    frameworkErrors: (error, request, reply) => void onError(error, request, reply as FastifyReply),
  });
  // Bodies are as they were sent: no default is filled in, nothing is dropped, no text becomes a number.
  app.decorateRequest('caller');
  app.setErrorHandler(onError);
  app.removeAllContentTypeParsers();
  const routes = allRoutes(parts);
  routes.push(openApiRoute(routes, () => guard.status().version));
  addRoutes(app, routes, parts, admission);
  app.setNotFoundHandler((request, reply) => answerUnknown(request, reply, { routes, admission }));
  return { app, routes };
}

/** What `GET` answers without its body; a stream has no end that could be left out. */
const hasHead = ({ method, path }: RouteSpec): boolean => method === 'GET' && path !== '/api/v1/events';

/** How a route reads its body; routes that read alike share a context, which takes their content types and no other. */
type Reading = 'json' | 'bytes' | 'stream';

function readingOf(spec: RouteSpec): Reading {
  if (spec.streams) return 'stream';
  return spec.accepts?.includes('*') ? 'bytes' : 'json';
}

function addRoutes(
  app: FastifyInstance,
  routes: readonly RouteSpec[],
  { config, transfers }: Parts,
  admission: Admission,
): void {
  for (const reading of ['json', 'bytes', 'stream'] as const) {
    void app.register(async (scope) => {
      addParser(scope, reading);
      for (const spec of routes.filter((one) => readingOf(one) === reading)) {
        const limit = config.limits[spec.limit ?? 'json'];
        scope.route({
          method: spec.method,
          url: spec.path,
          bodyLimit: limit,
          config: { limit },
          onRequest: [admission.hookOf(spec), ...(spec.limit === 'state' ? [transfers.admitBody] : [])],
          exposeHeadRoute: hasHead(spec),
          ...(spec.body === undefined ? {} : { schema: { body: spec.body } }),
          ...(spec.bodyOptional ? { preValidation: (request, _reply, done) => done(void (request.body ??= {})) } : {}),
          handler: (request, reply) => {
            // Only what programs use: an address of the page may have been decorated on its way to a person.
            if (!spec.query && spec.path.startsWith('/api/'))
              readQuery({}, request.query, `${spec.method} ${spec.path}`);
            return spec.handle(request, reply);
          },
        });
      }
    });
  }
}

function addParser(scope: FastifyInstance, reading: Reading): void {
  switch (reading) {
    case 'json':
      scope.addContentTypeParser('application/json', { parseAs: 'string' }, (request, text, done) => {
        done(
          null,
          text === '' ? undefined : parseJson(text as string, `${request.method} ${request.routeOptions.url}`),
        );
      });
      return;
    case 'bytes':
      scope.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, bytes, done) => done(null, bytes));
      return;
    case 'stream':
      scope.addContentTypeParser(['application/json', 'application/x-ndjson'], (_request, _payload, done) =>
        done(null),
      );
  }
}

function openApiRoute(routes: readonly RouteSpec[], version: () => string): RouteSpec {
  let text: string | undefined;
  return {
    method: 'GET',
    path: '/openapi.json',
    access: 'public',
    tag: 'guard',
    summary: 'This description.',
    responses: { 200: { description: 'OpenAPI 3.1.' } },
    handle: (_request, reply) => {
      text ??= JSON.stringify(describeRoutes(routes, version()));
      return reply.type('application/json; charset=utf-8').send(text);
    },
  };
}

/** What meets no route: a wrong method on a path that is there, the question of a browser, or nothing. */
function answerUnknown(
  request: FastifyRequest,
  reply: FastifyReply,
  { routes, admission }: { routes: readonly RouteSpec[]; admission: Admission },
): void {
  admission.admitPeer(request, reply);
  const path = request.url.split('?', 1)[0] ?? '/';
  const methods = methodsOf(routes, path);
  if (methods.length === 0) throw guardError('GUARD_HTTP_NOT_FOUND', { path: path.slice(0, 200) });
  if (request.method === 'OPTIONS' && admission.answerPreflight(request, reply, methods)) return;
  const allowed = methods.join(', ');
  void reply.header('allow', allowed);
  // A browser that was refused above would take any good answer for a yes.
  if (request.method === 'OPTIONS' && request.headers.origin === undefined) {
    void reply.code(204).send();
    return;
  }
  throw guardError('GUARD_HTTP_METHOD', { path: path.slice(0, 200), method: request.method, allowed });
}

function methodsOf(routes: readonly RouteSpec[], path: string): string[] {
  const segments = path.split('/');
  const fits = (spec: RouteSpec): boolean => {
    const wanted = spec.path.split('/');
    return (
      wanted.length === segments.length &&
      wanted.every((part, index) => (part.startsWith(':') ? segments[index] !== '' : part === segments[index]))
    );
  };
  const fitting = routes.filter(fits);
  if (fitting.length === 0) return [];
  const methods = fitting.map(({ method }) => method);
  return [...methods, ...(fitting.some(hasHead) ? ['HEAD'] : []), 'OPTIONS'];
}

function errorHandler({ log, usage, config }: Parts) {
  return (thrown: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const { url } = request.routeOptions;
    const route = `${request.method} ${url ?? '(unknown)'}`;
    const place = {
      route,
      contentType: request.headers['content-type']?.slice(0, 100) ?? '(none)',
      maxBytes: (request.routeOptions.config as { readonly limit?: number }).limit ?? config.limits.json,
    };
    const instance = `urn:praetorian:request:${request.id}`;
    const known = knownError(thrown, place);
    const error: GuardError = known ?? guardError('GUARD_HTTP_INTERNAL');
    const problem = toProblem(error, instance, placesOf(validationOf(thrown) ?? []));
    if (problem.status >= 500) usage.failures += 1;
    if (known === undefined) {
      const stack = thrown instanceof Error ? thrown.stack?.slice(0, 4_000) : undefined;
      log.error({ instance, route, error: messageOf(thrown), stack }, 'a request failed unexpectedly');
    }
    if (problem.status === 413) takeTheRest(request, reply);
    if (problem.status === 401) void reply.header('www-authenticate', 'Bearer');
    if (problem.status === 503) void reply.header('retry-after', '5');
    return reply
      .code(problem.status)
      .header('cache-control', 'no-store')
      .type('application/problem+json; charset=utf-8')
      .send(JSON.stringify(problem));
  };
}

/**
 * Reads what is still to come of a body that is too large, and drops it, if it is not without measure: a connection
 * that is closed under a sender takes the answer along, and the sender sees a reset instead of the reason.
 */
function takeTheRest(request: FastifyRequest, reply: FastifyReply): void {
  if (!(Number(request.headers['content-length']) <= dropMaxBytes)) return;
  void reply.removeHeader('connection');
  request.raw.resume();
}
