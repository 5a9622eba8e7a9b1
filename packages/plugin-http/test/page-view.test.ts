import { describe, expect, test } from 'vitest';
import { drawing, type FakeNode } from './page-nodes.ts';

describe('an agent that is held', () => {
  const one = {
    agent: { id: 'web-1', group: 'web' },
    health: 'healthy',
    breaker: 'closed',
    findings: [],
    heldBy: 'hold_1',
  };

  async function rowUnder(hold: object | undefined): Promise<FakeNode> {
    const view = await drawing('view.js');
    const act = { can: true, isUnfolded: () => false, holdOf: () => hold };
    const [row] = view('agentRows', [one], act) as object[];
    return view('drawRow', row, act) as FakeNode;
  }

  const buttonsOf = (row: FakeNode): unknown[] =>
    [...row.all()].filter(({ tag }) => tag === 'button').map((node) => node.attributes.get('data-focus'));

  test('is released from its row when the hold is on it alone', async () => {
    const row = await rowUnder({ id: 'hold_1', scope: { kind: 'agent', agentId: 'web-1' } });
    expect(buttonsOf(row)).toContain('release-web-1');
    expect(buttonsOf(row)).not.toContain('hold-web-1');
  });

  test.each([
    ['the whole fleet', { id: 'hold_1', scope: { kind: 'fleet' } }],
    ['group web', { id: 'hold_1', scope: { kind: 'group', group: 'web' } }],
  ])('with many others is not released from its row, which names what is held: %s', async (where, hold) => {
    const row = await rowUnder(hold);
    expect(buttonsOf(row)).toContain('hold-web-1');
    expect(buttonsOf(row)).not.toContain('release-web-1');
    expect(row.text).toContain(`no remediation in ${where}`);
  });

  test.each([
    ['whose hold the page has not read yet', undefined],
    ['by a window', { id: 'hold_1', kind: 'window', scope: { kind: 'agent', agentId: 'web-1' } }],
  ])('%s is not released from its row', async (_which, hold) => {
    expect(buttonsOf(await rowUnder(hold))).not.toContain('release-web-1');
  });
});

describe('a fleet that is too large to be read whole', () => {
  const status = { agents: 7_000, openIncidents: 2_100 };
  const agents = [{ health: 'healthy' }];
  const incidents = [{ state: 'open' }, { state: 'resolved' }];

  test('is counted by the guard, and the page says of what it shows only a part', async () => {
    const view = await drawing('view.js');
    const read = { agents, incidents, partial: { agents: true, incidents: true } };
    const texts = (view('figures', status, read) as FakeNode[]).map(({ text }) => text);
    expect(texts).toContain('7000agents');
    expect(texts).toContain('2100open incidents');
    const [notice] = view('partialNotice', status, read) as FakeNode[];
    expect(notice?.text).toContain(
      'the first 1 of 7000 agents by name and the latest 1 of 2100 open incidents. What is counted by health',
    );
  });

  test('or is not, is counted by what was read: the status may be older', async () => {
    const view = await drawing('view.js');
    const read = { agents, incidents, partial: { agents: false, incidents: false } };
    const texts = (view('figures', status, read) as FakeNode[]).map(({ text }) => text);
    expect(texts).toContain('1agent');
    expect(texts).toContain('1open incident');
    expect(view('partialNotice', status, read)).toEqual([]);
  });
});

test('a person who has to agree reads what the new instance would get instead, but no value of the environment', async () => {
  const judgement = await drawing('judgement.js');
  const override = { image: 'web:2', command: ['serve', '--all of it'], memoryLimit: 2 ** 31, env: { LEVEL: 'debug' } };
  const plan = { rung: 'respawn', override: { ...override, cpuLimit: 0.5, timeoutMs: 90_000 } };
  const approval = { plan, reason: { text: 'ordered' }, expiresAt: 1, planHash: 'hash' };
  const { text } = judgement('drawApproval', { approval }) as FakeNode;
  expect(text).toContain(
    'image web:2, command ["serve","--all of it"], memory 2048 MiB, 0.5 of a processor, timeout 1 min 30 s, env LEVEL',
  );
  expect(text).not.toContain('debug');
  expect(judgement('overrides', { rung: 'restart' })).toEqual([]);
});
