import type { JsonObject } from '@praetorian-guard/core/plugin';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Access, Caller } from './access.ts';
import type { HttpConfig } from './config.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Who sent it; set before the body is read. */
    caller: Caller;
  }
}

export interface ResponseSpec {
  readonly description: string;
  readonly schema?: JsonObject;
  /** [application/json] */
  readonly contentType?: string;
}

/** One route: what it takes and gives, who may use it, and what it does. Server, OpenAPI and tests read the same table. */
export interface RouteSpec {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Parameters as `:name`. */
  readonly path: string;
  readonly access: Access;
  readonly tag: 'agents' | 'incidents' | 'holds' | 'guard' | 'page';
  readonly summary: string;
  readonly query?: QuerySpec;
  /** Schema by which the body is judged before the handler sees it. */
  readonly body?: JsonObject;
  /** Schema that only describes the body: the handler or the guard judges it. */
  readonly described?: JsonObject;
  /** The body may be left out altogether. */
  readonly bodyOptional?: boolean;
  /** Content types of the body; `*` takes any. [application/json] */
  readonly accepts?: readonly string[];
  /** The handler reads the body as a stream. */
  readonly streams?: boolean;
  /** Which limit holds for the body. [json] */
  readonly limit?: keyof HttpConfig['limits'];
  /** Spares the headers that only people's tools look at. */
  readonly hot?: boolean;
  readonly responses: { readonly [status: number]: ResponseSpec };
  handle(request: FastifyRequest, reply: FastifyReply): unknown;
}

/** JSON Schemas of query parameters: `string`, `integer` with bounds, or an `enum` of strings. */
export interface QuerySpec {
  readonly [name: string]: {
    readonly type?: 'string' | 'integer';
    readonly enum?: readonly string[];
    readonly minimum?: number;
    readonly maximum?: number;
    readonly required?: boolean;
    readonly description: string;
  };
}

/** Whether a route takes a body. */
export function takesBody(spec: RouteSpec): boolean {
  return spec.body !== undefined || spec.described !== undefined || spec.accepts !== undefined;
}
