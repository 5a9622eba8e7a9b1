import { describe, it } from 'vitest';
import { FakeWorkloadOrchestrator } from './fake-workload-orchestrator.ts';
import { testOrchestrator } from './orchestrator-suite.ts';

testOrchestrator(
  { describe, it },
  {
    make: async ({ clock }) => {
      const orchestrator = new FakeWorkloadOrchestrator({ clock, workloads: { web: 3 }, takesMs: 900 });
      return {
        orchestrator,
        agentId: 'web.2',
        scalable: 'web',
        crash: async () => orchestrator.crash('web.2'),
        loseReply: () => orchestrator.loseReply(),
      };
    },
  },
);
