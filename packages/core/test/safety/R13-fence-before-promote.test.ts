import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayPromote, type PromotionFacts } from '../../src/recovery/index.ts';

/**
 * Taught by GitHub in October 2018: after 43 seconds of a cut cable replicas were promoted on the other coast while the
 * old primaries still took writes, and 24 hours went into putting both histories together.
 */
const facts = (change: Partial<PromotionFacts> = {}): PromotionFacts => ({
  now: 1_000_000,
  primary: { id: 'db.1', fencedBy: 'stopped' },
  replica: { id: 'db.2', lagMs: 500, health: 'healthy' },
  maxLagMs: 5_000,
  restMs: 1_800_000,
  ...change,
});

describe('R13: fence before promote', () => {
  it('promotes a near replica of a primary that is proven stopped or isolated', () => {
    expect(mayPromote(facts())).toMatchObject({ act: true, value: 'db.2' });
    expect(mayPromote(facts({ primary: { id: 'db.1', fencedBy: 'isolated' } }))).toMatchObject({ act: true });
  });

  it.each<[string, Partial<PromotionFacts>, string]>([
    ['a primary that is merely silent', { primary: { id: 'db.1' } }, 'not-fenced'],
    ['a replica too far behind', { replica: { id: 'db.2', lagMs: 5_001, health: 'healthy' } }, 'replica-unfit'],
    ['a replica of unknown lag', { replica: { id: 'db.2', health: 'healthy' } }, 'replica-unfit'],
    ['a replica that is not well', { replica: { id: 'db.2', lagMs: 0, health: 'unknown' } }, 'replica-unfit'],
    ['a failover that has not settled', { last: { at: 999_000 } }, 'failover-unsettled'],
    ['a failover that has just settled', { last: { at: 1, settledAt: 900_000 } }, 'failover-unsettled'],
  ])('does not promote over %s, and says what would change that', (_what, change, code) => {
    const decision = mayPromote(facts(change));
    expect(decision).toMatchObject({ act: false, reason: { code } });
    expect(decision.reason.text).not.toBe('');
    expect(decision.reason.remedy).not.toBe('');
  });

  it('never promotes without a fence, whatever else speaks for it', () => {
    const any = fc.record({
      now: fc.integer({ min: 0, max: 1e12 }),
      replica: fc.record({ id: fc.constant('db.2'), lagMs: fc.nat(), health: fc.constant('healthy') }),
      maxLagMs: fc.nat(),
      restMs: fc.nat(),
    });
    fc.assert(
      fc.property(any, (given) => {
        expect(mayPromote({ ...given, primary: { id: 'db.1' } }).act).toBe(false);
      }),
    );
  });
});
