/**
 * Plugins: found by package name or path, checked before anything of them runs, and offered by kind and name in one
 * registry per guard. Contributions are made at their first use; starting and stopping them is the guard's business.
 */
export { checkManifest, coreVersion, kinds } from './check-manifest.ts';
export type { LoadPluginOptions } from './load-plugin.ts';
export { loadPlugin } from './load-plugin.ts';
export type { ContextFor, Created, Factory, Offer, Origin } from './registry.ts';
export { builtIn, Registry } from './registry.ts';
