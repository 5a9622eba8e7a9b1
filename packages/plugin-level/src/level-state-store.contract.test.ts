import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { StoreLeases } from '@praetorian-guard/core/plugin';
import { type Rig, testLeases, testStateStore } from '@praetorian-guard/core/testing';
import { afterAll, describe, it } from 'vitest';
import { LevelStateStore } from './level-state-store.ts';

const root = mkdtempSync(join(tmpdir(), 'praetorian-level-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const folders = new WeakMap<Rig, string>();

function storeOf(rig: Rig): LevelStateStore {
  const path = folders.get(rig) ?? mkdtempSync(join(root, 'store-'));
  folders.set(rig, path);
  return new LevelStateStore({ path, clock: rig.clock, log: rig.log, metrics: rig.metrics });
}

testStateStore(
  { describe, it },
  {
    make: async (rig) => storeOf(rig),
    reopen: async (rig) => storeOf(rig),
    supports: { durable: true, shared: false },
  },
);

testLeases(
  { describe, it },
  {
    async make(rig) {
      const store = storeOf(rig);
      return { store, leases: new StoreLeases(store, rig.clock) };
    },
  },
);
