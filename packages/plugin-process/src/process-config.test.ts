import { expect, test } from 'vitest';
import { checkNames, type ProcessConfig } from './process-config.ts';

const config = (agentId: string): ProcessConfig =>
  ({
    agents: { [agentId]: {} },
    groups: { workers: {}, 'a.b': {} },
  }) as unknown as ProcessConfig;

test.each(['workers.1', 'workers.700', 'a.b.2'])(
  'an agent cannot be named %s when its group has replicas',
  (agentId) => {
    const problems = [`agents.${agentId}: a replica of a group in \`groups\` has that name; choose another`];
    expect(() => checkNames(config(agentId))).toThrow(
      expect.objectContaining({ code: 'GUARD_CONFIG_INVALID', details: { problems } }),
    );
  },
);

test.each(['workers', 'workers.0', 'workers.one', 'workers.01', 'others.1'])('an agent may be named %s', (agentId) => {
  checkNames(config(agentId));
});
