import type { DiscoveredAgent } from '../src/contracts/index.ts';
import { Fleet } from '../src/fleet/index.ts';
import { samplePolicy } from '../src/testing/sample-fleet.ts';
import { createVirtualClock } from '../src/testing/virtual-clock.ts';

/** A fleet of nobody, on a clock of its own. */
export function rig() {
  const clock = createVirtualClock();
  const asked: string[] = [];
  const fleet = new Fleet({
    clock,
    policyOf: ({ id, labels }) => {
      asked.push(id);
      return samplePolicy(labels['mode'] === 'observe' ? { mode: 'observe' } : {});
    },
  });
  return { clock, fleet, asked };
}

/** The agent web.1, as an orchestrator lists it. */
export function found(given: Partial<DiscoveredAgent> = {}): DiscoveredAgent {
  return {
    id: 'web.1',
    group: 'web',
    labels: {},
    instance: { id: 'c-1', generation: 1, endpoint: 'http://10.0.0.1:80' },
    ...given,
  };
}
