import { describe, expect, it } from 'vitest';
import { agentOfLabels, labelProblems } from './labels.ts';

describe('labels', () => {
  it('say what the agent is', () => {
    expect(agentOfLabels({ criticality: '2', 'depends-on': 'db, cache ,', role: 'replica' })).toEqual({
      criticality: 2,
      dependsOn: ['db', 'cache'],
      role: 'replica',
    });
  });

  it.each([
    [{}],
    [{ criticality: '3' }],
    [{ criticality: '' }],
    [{ role: 'boss' }],
    [{ 'depends-on': 'a b' }],
    [{ team: 'x' }],
  ])('that are missing or wrong say nothing: %j', (labels) => {
    expect(agentOfLabels(labels)).toEqual({});
  });

  it('that cannot be used are told, others are nobody’s business', () => {
    expect(labelProblems({ mode: 'atuo', team: 'x', 'depends-on': 'a b', criticality: '1' })).toEqual([
      expect.stringMatching(/^label mode: found "atuo", allowed: observe, dry-run, approve or auto/),
      expect.stringMatching(/^label depends-on: found "a b"/),
    ]);
  });
});
