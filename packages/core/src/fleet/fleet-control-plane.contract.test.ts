import { describe, it } from 'vitest';
import { testControlPlane } from '../testing/control-plane-suite.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { FleetControlPlane } from './fleet-control-plane.ts';
import { Fleet } from './fleet.ts';

testControlPlane(
  { describe, it },
  {
    make: async ({ clock }) =>
      new FleetControlPlane({ clock, fleet: new Fleet({ clock, policyOf: () => samplePolicy() }) }),
  },
);
