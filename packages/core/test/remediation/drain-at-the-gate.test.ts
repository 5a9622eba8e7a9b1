import { expect, it } from 'vitest';
import type { IncidentEvent } from '../../src/incident/index.ts';
import type { Agent, GateVerdict, Incident, Instance } from '../../src/model/index.ts';
import { Executor } from '../../src/remediation/executor.ts';
import type { ExecutorPorts } from '../../src/remediation/ports.ts';
import { createVirtualClock } from '../../src/testing/index.ts';

const instance: Instance = { id: 'web.1~1', generation: 1 };
const draining = {
  id: 'inc_1',
  agentId: 'web.1',
  group: 'web',
  state: 'acting',
  attempt: {
    number: 1,
    plan: { rung: 'recreate', timeoutMs: 60_000 },
    startedAt: 0,
    instance,
    steps: [
      {
        id: '3-drain',
        spec: { type: 'agent-call', call: { kind: 'drain', forMs: 10_000 }, on: 'old' },
        timeoutMs: 11_000,
        onFailure: 'continue',
        state: 'planned',
      },
    ],
  },
} as unknown as Incident;

it('an agent that came under a hold meanwhile is not told to take no more work', async () => {
  const clock = createVirtualClock();
  let incident: Incident | undefined = draining;
  const events: IncidentEvent[] = [];
  let drained = 0;
  const reason = { code: 'hold', text: 'ann holds it.' } as const;
  const verdict: GateVerdict = { verdict: 'wait', untilMs: clock.now() + 86_400_000, reason, rules: [] };
  const ports: Partial<ExecutorPorts> = {
    clock,
    agent: () => ({ id: 'web.1', group: 'web', instance }) as Agent,
    incident: () => incident,
    confirm: async () => undefined,
    gate: () => verdict,
    drain: async () => {
      drained += 1;
      return { ok: true };
    },
    apply: async (_id, event) => {
      events.push(event);
      incident = undefined;
      return undefined;
    },
  };
  const executor = new Executor(ports as ExecutorPorts);
  executor.drive('inc_1');
  await clock.settle();
  await executor.stop();
  expect(events).toMatchObject([{ type: 'step-refused', stepId: '3-drain', reason: { code: 'hold' } }]);
  expect(drained).toBe(0);
});
