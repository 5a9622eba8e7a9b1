import { expect, it } from 'vitest';
import type { Orchestrator } from '../../src/contracts/index.ts';
import type { Incident, Receipt } from '../../src/model/index.ts';
import { Executor } from '../../src/remediation/executor.ts';
import type { ExecutorPorts } from '../../src/remediation/ports.ts';
import { createVirtualClock } from '../../src/testing/index.ts';

const settleMs = 5_000;
const action = { kind: 'recreate', agentId: 'web.1', instanceId: 'web.1~1', graceMs: 0 };
const intent = { key: 'inc_1/1/3-recreate', action, affects: ['web.1'], before: {} };
const acting = {
  id: 'inc_1',
  agentId: 'web.1',
  group: 'web',
  state: 'acting',
  attempt: {
    number: 1,
    plan: { rung: 'recreate', timeoutMs: 60_000 },
    startedAt: 0,
    steps: [
      {
        id: '3-recreate',
        spec: { type: 'action', action: 'recreate', on: 'old' },
        timeoutMs: 60_000,
        onFailure: 'fail',
        state: 'started',
        key: intent.key,
        startedAt: 0,
        effect: { type: 'action', orchestrator: 'fake', intent },
      },
    ],
  },
} as unknown as Incident;

/** An orchestrator that is lost in the middle of the action, which is not done; `done`: by the time it is back it is. */
async function lostInTheMiddle({ done }: { readonly done: boolean }): Promise<{ executed: number; result: string }> {
  const clock = createVirtualClock();
  let incident: Incident | undefined = acting;
  let executed = 0;
  let settledMs = 0;
  let result = 'none';
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
  const ports: Partial<ExecutorPorts> = {
    clock,
    log: { warn: () => undefined, error: () => undefined } as unknown as ExecutorPorts['log'],
    incident: () => incident,
    confirm: async () => undefined,
    fence: () => 1,
    orchestrator: () => orchestrator as unknown as Orchestrator,
    gate: () => {
      if (clock.monotonic() >= settledMs) return { verdict: 'proceed', rules: [] } as never;
      const untilMs = clock.now() + settledMs - clock.monotonic();
      return { verdict: 'wait', untilMs, reason: { code: 'settling', text: 'it settles' }, rules: [] } as never;
    },
    apply: async (_id, event) => {
      if (event.type === 'step-finished') result = event.receipt.result;
      incident = undefined;
      return undefined;
    },
  };
  const executor = new Executor(ports as ExecutorPorts);
  executor.resume('inc_1');
  await clock.advance(2 * settleMs);
  await executor.stop();
  return { executed, result };
}

it('what may be half done is not called off while the guard gets to know the fleet again, and is done after that', async () => {
  expect(await lostInTheMiddle({ done: false })).toEqual({ executed: 2, result: 'succeeded' });
});

it('what has been done by then is not done again', async () => {
  expect(await lostInTheMiddle({ done: true })).toEqual({ executed: 1, result: 'succeeded' });
});
