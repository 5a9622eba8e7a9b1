import { describe, expect, it } from 'vitest';
import type { ControlPlane } from '../contracts/index.ts';
import type { Effect, Incident, Receipt } from '../model/index.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { perform } from './perform.ts';
import type { ExecutorPorts } from './ports.ts';

const effect: Effect = {
  type: 'control',
  command: { kind: 'register', agentId: 'a', group: 'g', instance: { id: 'a~2', generation: 2 } },
};

function answerOf(apply: () => Promise<Receipt>): Promise<Receipt> {
  const ports = {
    clock: createVirtualClock(),
    controlPlane: { apply } as unknown as ControlPlane,
    fence: () => 1,
  } as unknown as ExecutorPorts;
  const incident = { id: 'inc_1', group: 'g' } as Incident;
  const { signal } = new AbortController();
  return perform(ports, { incident, effect, key: 'k', deadlineMs: 1_000, signal });
}

const failed = (code: string): Receipt => ({ key: 'k', at: 1, result: 'failed', retryable: false, code, text: 'no' });

describe('a control command', () => {
  it('that a newer instance overtook is superseded, which is no failure of the attempt', async () => {
    const receipt = await answerOf(async () => failed('GUARD_AGENT_STALE'));
    expect(receipt).toEqual({ key: 'k', at: 1, result: 'superseded', text: 'no' });
  });

  it('that is refused for another reason has failed', async () => {
    expect(await answerOf(async () => failed('GUARD_AGENT_CONFLICT'))).toMatchObject({ result: 'failed' });
  });

  it('whose control plane throws has failed and may be tried again', async () => {
    const receipt = await answerOf(() => Promise.reject(new TypeError('gone')));
    expect(receipt).toMatchObject({ result: 'failed', retryable: true, text: 'gone' });
  });
});
