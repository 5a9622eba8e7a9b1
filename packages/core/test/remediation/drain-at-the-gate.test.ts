import { expect, it } from 'vitest';
import type { Agent, GateVerdict } from '../../src/model/index.ts';
import { aboutToDrain, actingAt, begun, goOn, instance } from './executor-rig.ts';

const drain = {
  id: '3-drain',
  spec: { type: 'agent-call', call: { kind: 'drain', forMs: 10_000 }, on: 'old' },
} as const;
const told = { type: 'agent-call', call: drain.spec.call, agentId: 'web.1', instanceId: instance.id };
const plan = { rung: 'recreate', timeoutMs: 60_000 } as never;
const resumed = actingAt(begun(drain, 'inc_1/1/3-drain', told), { plan, instance });

it.each([
  ['came under a hold meanwhile', aboutToDrain(60_000), 'drive'],
  ['came under a hold while the guard was away', resumed, 'resume'],
] as const)('an agent that %s is not told to take no more work', async (_when, incident, how) => {
  let drained = 0;
  const reason = { code: 'hold', text: 'ann holds it.' } as const;
  const events = await goOn(incident, how, (clock) => ({
    agent: () => ({ id: 'web.1', group: 'web', instance }) as Agent,
    gate: (): GateVerdict => ({ verdict: 'wait', untilMs: clock.now() + 86_400_000, reason, rules: [] }),
    drain: async () => {
      drained += 1;
      return { ok: true };
    },
  }));
  expect(events).toMatchObject([{ type: 'step-refused', stepId: '3-drain', reason: { code: 'hold' } }]);
  expect(drained).toBe(0);
});
