import { describe, it } from 'vitest';
import { FakeOrchestrator } from './fake-orchestrator.ts';
import { testOrchestrator } from './orchestrator-suite.ts';

testOrchestrator(
  { describe, it },
  {
    make: async ({ clock }) => {
      const agents = ['web.1', 'web.2'].map((id) => ({ id, group: 'web' }));
      const takesMs = { restart: 700, recreate: 1_500, respawn: 3_000, scale: 400 };
      const orchestrator = new FakeOrchestrator({ clock, agents, takesMs });
      return {
        orchestrator,
        agentId: 'web.1',
        scalable: 'web',
        crash: async () => orchestrator.crash('web.1', { exitCode: 1 }),
        loseReply: () => orchestrator.loseReply(),
      };
    },
  },
);
