import { describe, it } from 'vitest';
import { testLeases } from '../testing/leases-suite.ts';
import { testStateStore } from '../testing/state-store-suite.ts';
import { MemoryStateStore, StoreLeases } from './index.ts';

testStateStore(
  { describe, it },
  { make: async (rig) => new MemoryStateStore(rig.clock), supports: { durable: false, shared: false } },
);

testLeases(
  { describe, it },
  {
    async make(rig) {
      const store = new MemoryStateStore(rig.clock);
      return { store, leases: new StoreLeases(store, rig.clock) };
    },
  },
);
