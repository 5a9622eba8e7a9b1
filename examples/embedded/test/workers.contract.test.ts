import { describe, it } from 'vitest';
import { systemClock, testOrchestrator, testPlugin } from '@praetorian-guard/core/testing';
import { workersPlugin } from '../src/workers-plugin.ts';
import { Workers } from '../src/workers.ts';

const runner = { describe, it };

testPlugin(runner, workersPlugin(new Workers([], () => undefined)), {
  valid: [{}],
  invalid: [{ config: { workers: 3 }, path: 'workers' }],
});

testOrchestrator(runner, {
  make: async (rig) => {
    const workers = new Workers(['worker-1', 'worker-2'], () => undefined);
    const make = workersPlugin(workers).contributes.orchestrators?.['workers'];
    if (!make) throw new TypeError('the plugin contributes no orchestrator');
    return {
      orchestrator: make(rig.context({})),
      agentId: 'worker-1',
      clock: systemClock(),
      crash: async () => workers.crash('worker-1'),
      dispose: async () => workers.stop(),
    };
  },
});
