import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { describe, it } from 'vitest';
import { createRig, systemClock, testDetector, testOrchestrator, testPlugin } from '@praetorian-guard/core/testing';
import plugin from '../src/index.ts';
import { QueueDetector } from '../src/queue-detector.ts';
import { ThreadOrchestrator } from '../src/thread-orchestrator.ts';

const runner = { describe, it };
const baseDir = join(import.meta.dirname, '..');

testPlugin(runner, plugin, {
  valid: [{}, { agents: { a: { module: './agents/counter.mjs' } }, queue: { depth: 5, for: '1m' } }],
  invalid: [
    { config: { agents: { a: {} } }, path: 'agents.a.module' },
    { config: { queue: { for: 'soon' } }, path: 'queue.for' },
  ],
});

testOrchestrator(runner, {
  make: async (rig) => {
    const clock = systemClock();
    const agent = { module: './agents/counter.mjs', group: 'threads', env: {} };
    const config = { agents: { a: agent, b: agent }, queue: { depth: 10, for: 30_000 } };
    const orchestrator = new ThreadOrchestrator(rig.context(config, { clock, baseDir, instance: randomUUID() }));
    return { orchestrator, agentId: 'a', clock };
  },
});

testDetector(runner, {
  make: () => new QueueDetector(createRig().context({ agents: {}, queue: { depth: 10, for: 30_000 } })),
  // A deep queue that never gets shorter.
  provoke: (agentId) => [{ kind: 'heartbeat', agentId, progress: { activeTasks: 1, queueDepth: 50 } }],
});
