/**
 * The config: one strict schema composed of the core's sections and the plugins' own, read from YAML, JSON or code.
 * Copy, validate, resolve secrets, freeze. Every mistake is told at once with its place, what is allowed and a remedy;
 * `policyOf` says what holds for an agent. Knows no stage and no registry: plugins are resolved by whoever calls it.
 */
export type {
  AgentConfig,
  GuardConfig,
  LoadedPlugin,
  NotificationRoute,
  PluginInstanceConfig,
  PolicyOf,
} from './guard-config.ts';
export type { LoadedConfig, LoadOptions } from './load.ts';
export { loadConfigFile, loadConfigObject, loadConfigText } from './load.ts';
export type { ResolvePlugin } from './plugin-configs.ts';
export type { ConfigProblem } from './problem.ts';
export { formatProblem } from './problem.ts';
export type { KnownNames } from './references.ts';
export { checkReferences } from './references.ts';
export type { PluginSchema } from './schema.ts';
export { composedSchema } from './schema.ts';
// What labels say; orchestrators strip their prefix first.
export type { Labels } from './labels.ts';
export { agentOfLabels, labelProblems, labelTable } from './labels.ts';
