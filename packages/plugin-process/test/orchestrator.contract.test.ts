import { describe, it } from 'vitest';
import { testOrchestrator } from '@praetorian-guard/core/testing';
import { ProcessOrchestrator } from '../src/process-orchestrator.ts';
import { Harness, pidOf, program } from './harness.ts';

testOrchestrator(
  { describe, it },
  {
    make: async (rig) => {
      const harness = new Harness();
      const config = { agents: { web: program }, groups: { workers: { ...program, replicas: 1 } }, stopGrace: 500 };
      const orchestrator = new ProcessOrchestrator(harness.context(config, rig));
      return {
        orchestrator,
        agentId: 'web',
        scalable: 'workers',
        clock: harness.clock,
        crash: async () => {
          const inventory = await harness.follow(orchestrator).synced();
          process.kill(pidOf(inventory.instance('web')), 'SIGKILL');
        },
        dispose: () => harness.dispose(),
      };
    },
  },
);
