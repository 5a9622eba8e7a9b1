import { expect, test } from 'vitest';
import { FakeGuard, openIncident } from '../testing/index.ts';
import { Operations } from './operations.ts';
import type { OperationEndLine, OperationLine } from './record-format.ts';

const line = (m: string, given: { readonly planHash?: string }): OperationLine => ({
  k: 'op',
  t: 0,
  n: 1,
  m,
  args: ['inc_1', { by: 'ana', ...given }],
  agent: 'web-1',
});

async function replayed(asked: OperationLine, then: Pick<OperationEndLine, 'refused'>) {
  const guard = new FakeGuard();
  guard.putAgent({ id: 'web-1', group: 'web' });
  const reason = { code: 'mode-approve', text: 'A person has to agree.' } as const;
  guard.putIncident(openIncident({ id: 'inc_1', agentId: 'web-1', group: 'web', at: 1 }, reason));
  guard.move('inc_1', reason, { state: 'awaiting-approval', approval: { planHash: 'h' } });
  const ended: OperationEndLine = { k: 'opd', t: 1, n: 1, ...then };
  const operations = new Operations(guard, new Map([[1, ended]]));
  operations.do(asked);
  await operations.ended(1);
  return { calls: guard.calls.map(({ method }) => method), refused: operations.refused };
}

test.each(['approve', 'reject'])(
  'an answer that was refused on record, as for its token, is not given now: %s',
  async (verb) => {
    expect(await replayed(line(verb, {}), { refused: 1 })).toEqual({ calls: [], refused: [] });
  },
);

test('an answer that counted is given again', async () => {
  expect((await replayed(line('approve', { planHash: 'h' }), {})).calls).toEqual(['approve']);
});

test('what is refused only now is told, with the agent it was about', async () => {
  const { refused } = await replayed(line('approve', { planHash: 'other' }), {});
  expect(refused).toEqual([expect.stringMatching(/^approve web-1: /)]);
});
