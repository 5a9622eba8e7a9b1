import type { Json, JsonObject } from '@praetorian-guard/core/plugin';
import type { QuerySpec, RouteSpec } from './route.ts';
import { takesBody } from './route.ts';
import { problemSchema } from './schemas.ts';

/** The OpenAPI 3.1 description of a table of routes. */
export function describeRoutes(routes: readonly RouteSpec[], version: string): JsonObject {
  const paths: { [path: string]: { [method: string]: Json } } = {};
  for (const spec of routes) {
    const path = spec.path.replace(/:(\w+)/g, '{$1}');
    (paths[path] ??= {})[spec.method.toLowerCase()] = operation(spec);
  }
  return {
    openapi: '3.1.0',
    info: { title: 'Praetorian Guard', version, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    paths,
    components: {
      schemas: { Problem: problemSchema },
      securitySchemes: { token: { type: 'http', scheme: 'bearer' } },
      responses: {
        Problem: {
          description: 'An error.',
          content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
        },
      },
    },
  };
}

function operation(spec: RouteSpec): JsonObject {
  const parameters = [...pathParameters(spec.path), ...queryParameters(spec.query ?? {})];
  return {
    operationId: operationId(spec),
    tags: [spec.tag],
    summary: spec.summary,
    ...(spec.access === 'public' ? {} : { security: [{ token: [] }], 'x-access': spec.access }),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(takesBody(spec) ? { requestBody: requestBody(spec) } : {}),
    responses: responses(spec),
  };
}

/** `post-api-v1-agents-id-respawn` without the fixed part: unique, and stable as long as the path is. */
function operationId({ method, path }: RouteSpec): string {
  const words = path
    .replace('/api/v1', '')
    .split(/\W+/)
    .filter((word) => word !== '');
  return [method.toLowerCase(), ...(words.length === 0 ? ['page'] : words)]
    .map((word, index) => (index === 0 ? word : word[0]?.toUpperCase() + word.slice(1)))
    .join('');
}

function pathParameters(path: string): Json[] {
  return [...path.matchAll(/:(\w+)/g)].map(([, name = '']) => ({
    name,
    in: 'path',
    required: true,
    schema: { type: 'string' },
  }));
}

function queryParameters(query: QuerySpec): Json[] {
  return Object.entries(query).map(([name, { required = false, description, type = 'string', ...rest }]) => ({
    name,
    in: 'query',
    required,
    description,
    schema: { type, ...rest },
  }));
}

function requestBody(spec: RouteSpec): JsonObject {
  const types = spec.accepts ?? ['application/json'];
  const schemaOf = (type: string): JsonObject =>
    type.includes('json') && !type.includes('ndjson')
      ? (spec.body ?? spec.described ?? {})
      : { type: 'string', ...(type.includes('ndjson') ? {} : { format: 'binary' }) };
  const content = types.map((type) => [type === '*' ? '*/*' : type, { schema: schemaOf(type) }] as const);
  return { required: spec.bodyOptional !== true, content: Object.fromEntries(content) };
}

function responses(spec: RouteSpec): JsonObject {
  const problem = { $ref: '#/components/responses/Problem' };
  const own = Object.entries(spec.responses).map(([status, { description, schema, contentType }]): [string, Json] => {
    if (Number(status) === 204) return [status, { description }];
    if (Number(status) >= 400 && spec.path !== '/health/ready') {
      const content = { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } };
      return [status, { description, content }];
    }
    return [status, { description, content: { [contentType ?? 'application/json']: { schema: schema ?? {} } } }];
  });
  return { ...Object.fromEntries(own), ...(spec.access === 'public' ? {} : { default: problem }) };
}
