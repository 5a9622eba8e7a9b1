import { expect, it } from 'vitest';
import type { Agent, GateVerdict } from '../../src/model/index.ts';
import { aboutToDrain, goOn, instance } from './executor-rig.ts';

it('an agent that came under a hold meanwhile is not told to take no more work', async () => {
  let drained = 0;
  const reason = { code: 'hold', text: 'ann holds it.' } as const;
  const events = await goOn(aboutToDrain(60_000), 'drive', (clock) => ({
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
