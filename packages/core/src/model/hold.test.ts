import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { covers, type Hold, type HoldScope } from './hold.ts';

const name = fc.constantFrom('a', 'b', 'c');
const scope: fc.Arbitrary<HoldScope> = fc.oneof(
  fc.constant({ kind: 'fleet' as const }),
  fc.record({ kind: fc.constant('group' as const), group: name }),
  fc.record({ kind: fc.constant('agent' as const), agentId: name }),
);
const hold: fc.Arbitrary<Hold> = fc.record({
  id: fc.constant('h'),
  scope,
  reason: fc.constant('rollout'),
  by: fc.constant('ann'),
  at: fc.constant(0),
  until: fc.integer({ min: 1, max: 1_000 }),
  maintenance: fc.boolean(),
});

describe('covers', () => {
  it('covers whom its scope names, and nobody else', () => {
    fc.assert(
      fc.property(hold, name, name, (one, agentId, group) => {
        const named =
          one.scope.kind === 'fleet' ||
          (one.scope.kind === 'group' ? one.scope.group === group : one.scope.agentId === agentId);
        expect(covers(one, agentId, group, one.until - 1)).toBe(named);
      }),
    );
  });

  it('ends at its end, for everybody and for ever', () => {
    fc.assert(
      fc.property(hold, name, name, fc.nat(), (one, agentId, group, later) => {
        expect(covers(one, agentId, group, one.until + later)).toBe(false);
      }),
    );
  });

  it('does not take a group for an agent of the same name', () => {
    const base = { id: 'h', reason: 'x', by: 'ann', at: 0, until: 10, maintenance: false };
    expect(covers({ ...base, scope: { kind: 'group', group: 'a' } }, 'a', 'b', 1)).toBe(false);
    expect(covers({ ...base, scope: { kind: 'agent', agentId: 'a' } }, 'b', 'a', 1)).toBe(false);
  });
});
