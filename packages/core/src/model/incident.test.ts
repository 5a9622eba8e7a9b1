import { describe, expect, it } from 'vitest';
import { type Incident, type IncidentState, isEnded, transitions } from './incident.ts';

const states = Object.keys(transitions) as IncidentState[];

function reachableFrom(start: IncidentState): ReadonlySet<IncidentState> {
  const seen = new Set<IncidentState>([start]);
  for (const state of seen) for (const next of transitions[state]) seen.add(next);
  return seen;
}

describe('transitions', () => {
  it('reach every state from open', () => {
    expect([...reachableFrom('open')].sort()).toEqual([...states].sort());
  });

  it('lead from every state to resolved, and from resolved nowhere', () => {
    for (const state of states) expect([...reachableFrom(state)]).toContain('resolved');
    expect(transitions.resolved).toEqual(['resolved']);
  });

  it('name only states, each once, and let every state stay as it is', () => {
    for (const state of states) {
      const next = transitions[state];
      expect(next).toContain(state);
      expect(new Set(next).size).toBe(next.length);
      expect(next.filter((one) => !states.includes(one))).toEqual([]);
    }
  });

  it('are those of the design', () => {
    const others = Object.fromEntries(
      states.map((state) => [state, transitions[state].filter((one) => one !== state)]),
    );
    expect(others).toEqual({
      open: ['acting', 'awaiting-approval', 'held', 'escalated', 'resolved'],
      acting: ['watching', 'open', 'escalated'],
      watching: ['resolved', 'open', 'escalated'],
      'awaiting-approval': ['acting', 'open', 'escalated'],
      held: ['open', 'resolved'],
      escalated: ['open', 'watching', 'resolved'],
      resolved: [],
    });
  });

  it('lead to acting only from a decision or an approval, never from a hold or past a person', () => {
    expect(states.filter((state) => state !== 'acting' && transitions[state].includes('acting'))).toEqual([
      'open',
      'awaiting-approval',
    ]);
  });
});

describe('isEnded', () => {
  it('is true when it is resolved, or handed over to a person who was told; in no other state', () => {
    const ended = states.flatMap((state) =>
      [true, false].filter((told) => isEnded({ state, told } as Incident)).map((told) => [state, told]),
    );
    expect(ended).toEqual([
      ['escalated', true],
      ['resolved', true],
      ['resolved', false],
    ]);
  });
});
