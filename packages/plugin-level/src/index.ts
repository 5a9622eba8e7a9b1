/** `@praetorian-guard/plugin-level`: the embedded durable store, and leases over it. */
import { resolve } from 'node:path';
import { apiVersion, definePlugin, type PluginContext, StoreLeases } from '@praetorian-guard/core/plugin';
import { LevelStateStore } from './level-state-store.ts';

export type { LevelStateStoreOptions } from './level-state-store.ts';
export { LevelStateStore } from './level-state-store.ts';

export interface LevelConfig {
  /** Folder of the store; relative to the config file. */
  readonly path: string;
}

/** The store of a plugin instance: its leases have to lie in the store that they protect. */
const stores = new WeakMap<LevelConfig, LevelStateStore>();

function storeOf({ config, baseDir, clock, log, metrics }: PluginContext<LevelConfig>): LevelStateStore {
  const known = stores.get(config);
  if (known) return known;
  const store = new LevelStateStore({ path: resolve(baseDir, config.path), clock, log, metrics });
  stores.set(config, store);
  return store;
}

export default definePlugin<LevelConfig>({
  name: '@praetorian-guard/plugin-level',
  version: '0.1.0',
  apiVersion,
  coreRange: '^0.1.0',
  configSchema: {
    type: 'object',
    additionalProperties: false,
    properties: {
      path: {
        type: 'string',
        minLength: 1,
        default: './data',
        description:
          'Folder of the store, relative to the config file; made when missing, readable by its owner alone. One process owns it at a time.',
      },
    },
  },
  contributes: {
    stateStores: { level: storeOf },
    leases: { level: (context) => new StoreLeases(storeOf(context), context.clock) },
  },
});
