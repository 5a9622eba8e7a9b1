import { expect, it } from 'vitest';
import type { Orchestrator } from '../../src/contracts/index.ts';
import type { IncidentEvent } from '../../src/incident/index.ts';
import type { Agent, Incident, Instance, Receipt } from '../../src/model/index.ts';
import type { ExecutorPorts } from '../../src/remediation/ports.ts';
import { tidy } from '../../src/remediation/leftover.ts';
import { createVirtualClock } from '../../src/testing/index.ts';

const old: Instance = { id: 'web.1~1', generation: 1 };
const fresh: Instance = { id: 'web.1~2', generation: 2 };

/** Tries to end the old instance, which the orchestrator refuses and then calls done; what is retired, and the outcome. */
async function tidied(current: Instance): Promise<{ retired: readonly string[]; outcome: string }> {
  const clock = createVirtualClock();
  const retired: string[] = [];
  const events: IncidentEvent[] = [];
  const incident = {
    id: 'inc_1',
    agentId: 'web.1',
    group: 'web',
    state: 'open',
    findings: [{}],
    policy: { ladder: { respawn: { graceMs: 0 } } },
    leftovers: [{ instance: old, beside: fresh, tries: 0 }],
  } as unknown as Incident;
  const orchestrator = {
    prepare: async () => ({ act: false, reason: { code: 'orchestrator-refused', text: 'It is the only one.' } }),
    reconcile: async ({ key }: { key: string }): Promise<Receipt> => ({ key, at: 0, result: 'succeeded' }),
  };
  const ports: Partial<ExecutorPorts> = {
    clock,
    agent: () => ({ id: 'web.1', group: 'web', orchestrator: 'fake', instance: current }) as Agent,
    orchestrator: () => orchestrator as unknown as Orchestrator,
    gate: () => ({ verdict: 'proceed', rules: [] }) as never,
    retired: async (_agentId, instanceId) => void retired.push(instanceId),
    apply: async (_id, event) => void events.push(event),
  };
  await tidy(ports as ExecutorPorts, incident, new AbortController().signal);
  const [ended] = events.flatMap((event) => (event.type === 'leftover-finished' ? [event.receipt.result] : []));
  return { retired, outcome: ended ?? 'none' };
}

it('an instance left behind that its orchestrator does not end is taken for gone when that says so', async () => {
  expect(await tidied(fresh)).toEqual({ retired: [old.id], outcome: 'succeeded' });
});

it('an instance left behind that is the current one is never taken for gone because it may not be ended', async () => {
  expect(await tidied(old)).toEqual({ retired: [], outcome: 'failed' });
});
