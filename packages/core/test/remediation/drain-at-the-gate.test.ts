import { expect, it } from 'vitest';
import type { Agent, GateVerdict, Instance } from '../../src/model/index.ts';
import { actingAt, goOn } from './executor-rig.ts';

const instance: Instance = { id: 'web.1~1', generation: 1 };
const plan = { rung: 'recreate', timeoutMs: 60_000 } as never;
const draining = {
  id: '3-drain',
  spec: { type: 'agent-call', call: { kind: 'drain', forMs: 10_000 }, on: 'old' },
  timeoutMs: 11_000,
  onFailure: 'continue',
  state: 'planned',
};

it('an agent that came under a hold meanwhile is not told to take no more work', async () => {
  let drained = 0;
  const reason = { code: 'hold', text: 'ann holds it.' } as const;
  const events = await goOn(actingAt(draining, { plan, instance }), 'drive', (clock) => ({
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
