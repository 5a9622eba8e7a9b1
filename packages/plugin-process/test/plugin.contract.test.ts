import { describe, it } from 'vitest';
import { testPlugin } from '@praetorian-guard/core/testing';
import plugin from '../src/index.ts';

testPlugin({ describe, it }, plugin, {
  valid: [
    { groups: { workers: { command: ['node', 'worker.js'], replicas: 3 } } },
    {},
    { agents: { web: { command: ['./serve'], port: 4000, role: 'primary' } }, onStop: 'leave', stopGrace: '10s' },
  ],
  invalid: [
    { config: { agents: { web: {} } }, path: 'agents.web.command' },
    { config: { agents: { web: { command: [] } } }, path: 'agents.web.command' },
    { config: { groups: { workers: { command: ['x'], port: 80 } } }, path: 'groups.workers.port' },
    { config: { stopGrace: 'later' }, path: 'stopGrace' },
    { config: { onStop: 'kill' }, path: 'onStop' },
  ],
});
