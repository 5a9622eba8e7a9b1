/**
 * `@praetorian-guard/plugin-http`: the federation API, approvals, server-sent events and the page, over HTTP.
 */
import { definePlugin } from '@praetorian-guard/core/plugin';
import { configSchema, type HttpConfig } from './config.ts';
import { HttpSurface } from './http-surface.ts';

// For embedders with a server of their own.
export { createHandler } from './handler.ts';
export type { HttpHandler, Surroundings } from './handler.ts';
export type { HttpConfig, HttpOptions, HttpToken, TokenRole } from './config.ts';

export default definePlugin<HttpConfig>({
  name: '@praetorian-guard/plugin-http',
  version: '0.1.0',
  apiVersion: 1,
  coreRange: '^0.1.0',
  configSchema,
  contributes: { surfaces: { http: (context) => new HttpSurface(context) } },
});
