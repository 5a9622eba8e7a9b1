import { describe, expect, it } from 'vitest';
import type { ControlPlane } from '../contracts/index.ts';
import type { Effect, Incident, Receipt } from '../model/index.ts';
import { redact } from '../runtime/index.ts';
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

/** What is kept of a piece of evidence. */
async function keptOf(text: string): Promise<string> {
  const agent = { id: 'a', instance: { id: 'a~1' }, orchestrator: 'o' };
  const ports = {
    clock: createVirtualClock(),
    agent: () => agent,
    orchestrator: () => ({ evidence: async () => [{ label: 'log', text }] }),
    figures: () => ({}),
    redact,
  } as unknown as ExecutorPorts;
  const incident = { id: 'inc_1', group: 'g' } as Incident;
  const { signal } = new AbortController();
  const secured: Effect = { type: 'evidence', agentId: 'a', instanceId: 'a~1' };
  const receipt = await perform(ports, { incident, effect: secured, key: 'k', deadlineMs: 1_000, signal });
  const data = receipt.result === 'succeeded' ? receipt.data : undefined;
  const [item] = (data?.['evidence'] ?? []) as unknown as readonly { text: string }[];
  return item?.text ?? '';
}

const most = 4_096;
const secret = 'hunter2-hunter2-hunter2';

/** So many characters in lines of eighty. */
const lines = (length: number): string => `${'x'.repeat(79)}\n`.repeat(Math.ceil(length / 80)).slice(-length);

describe('evidence', () => {
  it.each([`password=${secret}`, `Authorization: Bearer ${secret}`])(
    'keeps nothing of %s, wherever in it the text is cut',
    async (line) => {
      for (let cut = 1; cut < line.length; cut += 1) {
        const kept = await keptOf(`${lines(40_000)}${line}\n${lines(most - line.length + cut - 1)}`);
        expect(kept).not.toMatch(/(hunter|ter2|2)/);
      }
    },
  );

  it('keeps no part of a secret, however many others are taken out after it', async () => {
    const many = `password=${'y'.repeat(1_900)}\n`.repeat(7);
    const text = `${lines(40_000)}password=${secret}\n${many}`;
    for (let cut = 1; cut < secret.length; cut += 1) {
      const kept = await keptOf(text + 'x'.repeat(4 * most - many.length - cut));
      expect(kept).not.toMatch(/(hunter|ter2|2)/);
    }
  });

  it('is kept to the last character allowed, be it one long line', async () => {
    expect(await keptOf(`${'x'.repeat(100_000)}the end\n`)).toBe(`${'x'.repeat(most - 8)}the end\n`);
    expect(await keptOf('short')).toBe('short');
    expect(await keptOf(lines(100_000))).toBe(lines(most));
  });
});
