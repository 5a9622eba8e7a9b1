import { expect, it } from 'vitest';
import type { Orchestrator } from '../../src/contracts/index.ts';
import type { Receipt } from '../../src/model/index.ts';
import { actingAt, begun, goOn, resultIn } from './executor-rig.ts';

const settleMs = 5_000;
const action = { kind: 'recreate', agentId: 'web.1', instanceId: 'web.1~1', graceMs: 0 };
const intent = { key: 'inc_1/1/3-recreate', action, affects: ['web.1'], before: {} };
const plan = { rung: 'recreate', timeoutMs: 60_000 } as never;
const recreate = { id: '3-recreate', spec: { type: 'action', action: 'recreate', on: 'old' } } as const;
const recreating = begun(recreate, intent.key, { type: 'action', orchestrator: 'fake', intent });

/** An orchestrator that is lost in the middle of the action, which is not done; `done`: by the time it is back it is. */
async function lostInTheMiddle({ done }: { readonly done: boolean }): Promise<{ executed: number; result: string }> {
  let executed = 0;
  let settledMs = 0;
  const events = await goOn(
    actingAt(recreating, { plan }),
    'resume',
    (clock) => {
      const receipt = (of: Receipt['result']): Receipt =>
        ({ key: intent.key, at: clock.now(), result: of, text: of, retryable: true }) as unknown as Receipt;
      const orchestrator = {
        execute: async () => {
          executed += 1;
          if (executed > 1) return receipt('succeeded');
          settledMs = clock.monotonic() + settleMs;
          return receipt('unknown');
        },
        reconcile: async () => receipt(done && executed > 0 && clock.monotonic() >= settledMs ? 'succeeded' : 'failed'),
      };
      return {
        fence: () => 1,
        orchestrator: () => orchestrator as unknown as Orchestrator,
        gate: () => {
          if (clock.monotonic() >= settledMs) return { verdict: 'proceed', rules: [] } as never;
          const untilMs = clock.now() + settledMs - clock.monotonic();
          return { verdict: 'wait', untilMs, reason: { code: 'settling', text: 'it settles' }, rules: [] } as never;
        },
      };
    },
    2 * settleMs,
  );
  return { executed, result: resultIn(events) };
}

it('what may be half done is not called off while the guard gets to know the fleet again, and is done after that', async () => {
  expect(await lostInTheMiddle({ done: false })).toEqual({ executed: 2, result: 'succeeded' });
});

it('what has been done by then is not done again', async () => {
  expect(await lostInTheMiddle({ done: true })).toEqual({ executed: 1, result: 'succeeded' });
});
