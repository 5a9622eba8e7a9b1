import type { Clock, GuardApi, Logger, Metrics, PluginManifest, Random, StateStore } from '../contracts/index.ts';
import { loadConfigFile as loadFile, loadConfigObject } from '../config/load.ts';
import type { LoadedConfig, LoadOptions } from '../config/load.ts';
import { checkReferences } from '../config/references.ts';
import { approvalKey } from './approval-key.ts';
import { compose } from './composition-root.ts';
import { core } from './core-tokens.ts';
import type { Inputs } from './inputs.ts';
import { Engine } from '../engine.ts';
import { Guard } from '../guard.ts';
import type { Prober } from '../monitoring/index.ts';
import { coreVersion } from '../plugins/check-manifest.ts';
import { loadPlugin } from '../plugins/load-plugin.ts';
import type { AgentId, IncidentId } from '../model/index.ts';
import { tapGuard } from '../replay/guard-tap.ts';
import type { RecordPlace } from '../replay/recording.ts';
import { makeRecording } from './make-recording.ts';
import type { AgentClient } from '../recovery/index.ts';
import {
  createLogger,
  noopMetrics,
  registerSecret,
  seededRandom,
  steadyClock,
  systemClock,
  systemRandom,
} from '../runtime/index.ts';
import { dirname, resolve } from 'node:path';

/** What an embedder may bring along; everything has a working default. */
export interface CreateOptions {
  /** Plugins that are there already, by the name the config uses for them. */
  readonly plugins?: { readonly [use: string]: PluginManifest };
  readonly logger?: Logger;
  readonly metrics?: Metrics;
  readonly clock?: Clock;
  readonly random?: Random;
  /** Folder against which paths and plugins are resolved. [the config file's; the working directory] */
  readonly configDir?: string;
  /** Where `$env` secrets are looked up. [process.env] */
  readonly env?: { readonly [name: string]: string | undefined };
}

/** What tests and simulations put in the place of the network. */
export interface AssembleOptions extends CreateOptions {
  readonly prober?: Prober;
  readonly agentClient?: AgentClient;
  /** Key that signs approvals, instead of one from a file. */
  readonly approvalKey?: Uint8Array;
  /** Instead of the store of the config. */
  readonly store?: StateStore;
  /** Seed of the guard's chance; `random` comes before it. [drawn at the start] */
  readonly seed?: string;
  /** Where a record is kept, whatever the config says. [as the config says] */
  readonly record?: RecordPlace;
  /** Stands for every secret of the config, and none is read. */
  readonly secretStandIn?: string;
  /** What is used in the place of a plugin; `load` loads it. */
  readonly substitute?: (use: string, load: () => Promise<PluginManifest>) => Promise<PluginManifest>;
}

/**
 * Makes a guard from a config file (YAML or JSON) or an object of the same shape. It is ready to `start()`; nothing
 * runs before. Two guards in one process do not see each other.
 *
 * Errors: `GUARD_CONFIG_UNREADABLE`, `GUARD_CONFIG_SYNTAX`, `GUARD_CONFIG_INVALID`, `GUARD_CONFIG_SECRET`,
 * `GUARD_PLUGIN_…`.
 */
export function createGuard(config: string | object, options: CreateOptions = {}): Promise<GuardApi> {
  return assembleGuard(config, options);
}

/** As `createGuard`, with the network replaced. */
export async function assembleGuard(config: string | object, options: AssembleOptions): Promise<GuardApi> {
  const outer = options.clock ?? systemClock();
  const loaded = await load(config, options);
  const recording = makeRecording(loaded, { clock: outer, baseDir: baseDirOf(config, options), options });
  const clock = steadyClock(recording?.recorder.clock ?? outer);
  const inputs: Inputs = {
    config: loaded,
    clock,
    random: options.random ?? randomOf(recording?.seed ?? options.seed, clock),
    log: options.logger ?? createLogger({ level: 'info', name: loaded.config.name }),
    metrics: options.metrics ?? noopMetrics,
    baseDir: baseDirOf(config, options),
    ...replaced(options),
    ...(recording ? { recording } : {}),
  };
  const scope = compose(inputs);
  const registry = scope.get(core.registry);
  checkReferences(loaded, registry);
  const notifiers = [...new Set(['log', ...loaded.config.notifications.routes.map((route) => route.to)])];
  recording?.joins(scope.get(core.bus), scope.get(core.degradations));
  const engine = new Engine(scope, {
    version: coreVersion(),
    notifiers,
    approvalKey: () => approvalKey(scope, inputs),
  });
  const guard = new Guard(scope, engine);
  if (!recording) return guard;
  const { recorder } = recording;
  const agentOf = (id: IncidentId): AgentId | undefined => scope.get(core.incidentLog).get(id)?.agentId;
  return tapGuard(guard, { recorder, agentOf, start: (face) => engine.start(face) });
}

/** What stands in the place of the network, the store and the key. */
function replaced({ prober, agentClient, approvalKey: key, store }: AssembleOptions): Partial<Inputs> {
  return {
    ...(prober ? { prober } : {}),
    ...(agentClient ? { agentClient } : {}),
    ...(key ? { approvalKey: key } : {}),
    ...(store ? { store } : {}),
  };
}

function randomOf(seed: string | undefined, clock: Clock): Random {
  return seed === undefined ? systemRandom(clock) : seededRandom(seed, clock);
}

/**
 * Loads and checks a config file as `createGuard` does, without making anything: for checks, editors and CI.
 * Errors as for `createGuard`.
 */
export function loadConfigFile(
  path: string,
  options: Pick<CreateOptions, 'plugins' | 'configDir' | 'env'> = {},
): Promise<LoadedConfig> {
  return load(path, options);
}

async function load(
  config: string | object,
  options: Pick<AssembleOptions, 'plugins' | 'configDir' | 'env' | 'substitute' | 'secretStandIn'>,
): Promise<LoadedConfig> {
  const how: LoadOptions = {
    env: options.env ?? process.env,
    baseDir: baseDirOf(config, options),
    onSecret: registerSecret,
    ...(options.secretStandIn === undefined ? {} : { standIn: options.secretStandIn }),
    resolvePlugin: (use, baseDir) => {
      const own = () => loadPlugin(use, baseDir, options.plugins ? { known: options.plugins } : {});
      return options.substitute?.(use, own) ?? own();
    },
  };
  return typeof config === 'string' ? loadFile(config, how) : loadConfigObject(config, how);
}

function baseDirOf(config: string | object, { configDir }: Pick<CreateOptions, 'configDir'>): string {
  return configDir ?? (typeof config === 'string' ? dirname(resolve(config)) : process.cwd());
}
