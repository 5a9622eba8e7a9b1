import type { JsonObject } from '../model/index.ts';
import type { Clock, Logger, Metrics, Random } from './call.ts';
import type { ControlPlane } from './control-plane.ts';
import type { Detector, FleetView } from './detector.ts';
import type { Doubt } from './doubt.ts';
import type { AnomalyModel, Assessor, Strategy } from './judgement.ts';
import type { Notifier } from './notifier.ts';
import type { Orchestrator } from './orchestrator.ts';
import type { SignalDraft, SignalSource } from './signal-source.ts';
import type { Leases, StateStore } from './state-store.ts';
import type { Surface } from './surface.ts';

/** The plugin API of this core. An added optional member keeps it; a new required one raises it. */
export const apiVersion = 1;

/** The ten kinds of contribution, and leases. */
export interface Kinds {
  orchestrators: Orchestrator;
  stateStores: StateStore;
  leases: Leases;
  detectors: Detector;
  assessors: Assessor;
  strategies: Strategy;
  anomalyModels: AnomalyModel;
  notifiers: Notifier;
  controlPlanes: ControlPlane;
  signalSources: SignalSource;
  surfaces: Surface;
}

export type Kind = keyof Kinds;

/** What a contribution is given. Nothing global; a plugin never sees the engine's container. */
export interface PluginContext<Config = unknown> {
  /** Name of the plugin instance in the config. */
  readonly instance: string;
  /** The instance's validated, frozen config: durations in ms, secrets resolved. */
  readonly config: Config;
  /** Aborts when the plugin has to go. */
  readonly signal: AbortSignal;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** A namespace of the store that belongs to the instance alone. Absent for stores themselves. */
  readonly state?: StateStore;
  readonly fleet: FleetView;
  /** How far the guard doubts itself: a detector multiplies its times by `stretch()` before it holds them against an agent. */
  readonly doubt?: Doubt;
  /** Reports a signal; only signal sources and orchestrators may. */
  readonly ingest?: (signal: SignalDraft) => void;
  /** Folder of the config file, against which relative paths are resolved. */
  readonly baseDir: string;
  /** Base address under which agents reach this guard, once a surface has said it. */
  readonly guardUrl: () => string | undefined;
}

export type Contributions<Config> = {
  readonly [K in Kind]?: { readonly [name: string]: (context: PluginContext<Config>) => Kinds[K] };
};

/** A plugin is a value: importing it does nothing, and what it offers can be listed without starting it. */
export interface PluginManifest<Config = unknown> {
  /** Package name. */
  readonly name: string;
  readonly version: string;
  /** `apiVersion` of the core it was written for. */
  readonly apiVersion: typeof apiVersion;
  /** Range of core versions it works with, as in its peer dependency. */
  readonly coreRange: string;
  /** JSON Schema (2020-12) of its config: an object with `additionalProperties: false`; defaults stand here and only here. */
  readonly configSchema: JsonObject;
  readonly contributes: Contributions<Config>;
}

const brand = Symbol.for('praetorian.plugin.v1');

/** Declares a plugin; the result is the default export of its entry module. */
export function definePlugin<Config>(manifest: PluginManifest<Config>): PluginManifest<Config> {
  const plugin = { ...manifest };
  Object.defineProperty(plugin, brand, { value: true });
  return Object.freeze(plugin);
}

/** Whether a value came from `definePlugin`, also of another copy of the package. */
export function isPlugin(value: unknown): value is PluginManifest {
  return typeof value === 'object' && value !== null && brand in value;
}
