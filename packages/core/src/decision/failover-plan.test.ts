import { describe, expect, it } from 'vitest';
import type { IncidentFacts } from '../contracts/index.ts';
import type { Decision, Promotion } from '../model/index.ts';
import {
  sampleAttempt,
  sampleCapabilities,
  sampleFacts,
  sampleFinding,
  samplePromotion,
} from '../testing/sample-facts.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { ladderStrategy } from './ladder-strategy.ts';
import { threatAssessor } from './threat-assessor.ts';

type When = 'off' | 'after-restart' | 'at-once';

const offer: Decision<Promotion> = {
  act: true,
  value: { to: 'web-2', epoch: 4 },
  reason: { code: 'may-promote', text: 'web-2 is near enough.' },
};
const unfit: Decision<Promotion> = {
  act: false,
  reason: { code: 'replica-unfit', text: 'web-2 is 9s behind; 5s are allowed.' },
};

function propose(when: When, given: Partial<IncidentFacts> = {}) {
  const policy = { ...samplePolicy(), failover: { when, maxLagMs: 5_000, restMs: 1 } };
  const facts = sampleFacts({ policy, failover: offer, ...given });
  const assessment = threatAssessor.assess(facts);
  return ladderStrategy.propose(facts, assessment, sampleCapabilities);
}

const isFailover = (decision: ReturnType<typeof propose>): boolean =>
  decision.act && decision.value.promotion !== undefined;

describe('a failover is proposed', () => {
  it('at once when the primary is proven to have failed and the policy says so', () => {
    const decision = propose('at-once');
    expect(decision).toMatchObject({
      act: true,
      value: { contain: { for: 'failover' }, promotion: { to: 'web-2', epoch: 4 } },
      reason: { code: 'failing-over' },
    });
    expect(decision.act && decision.value.needsApproval).toBeUndefined();
  });

  it('after a restart that did not heal, or in place of more than a restart', () => {
    expect(isFailover(propose('after-restart'))).toBe(false);
    expect(isFailover(propose('after-restart', { attempts: [sampleAttempt('restart')] }))).toBe(true);
    expect(isFailover(propose('after-restart', { severityAtLeast: 4 }))).toBe(true);
  });

  it('without asking a person because of severity alone, for the group has no leader', () => {
    const decision = propose('at-once', { severityAtLeast: 10 });
    expect(decision.act && decision.value.promotion).toBeTruthy();
    expect(decision.act && decision.value.needsApproval).toBeUndefined();
  });

  it('and waits for a person when data may be lost', () => {
    const flagged = { dataLossRisk: true, securityIncident: false };
    const decision = propose('at-once', { flagged });
    expect(decision).toMatchObject({ act: true, value: { needsApproval: { code: 'approval-required' } } });
  });
});

describe('no failover is proposed', () => {
  it.each<[string, When, Partial<IncidentFacts>]>([
    ['of an agent that is only degraded', 'at-once', { health: 'degraded' }],
    ['on one kind of evidence', 'at-once', { findings: [sampleFinding('heartbeat-timeout', 'heartbeat')] }],
    ['where nobody could take over', 'at-once', { failover: unfit }],
  ])('%s', (_what, when, given) => expect(isFailover(propose(when, given))).toBe(false));

  it('and the choice says why none is, where it would be time for one', () => {
    expect(propose('at-once', { failover: unfit }).reason.text).toContain('No failover: web-2 is 9s behind');
    expect(propose('at-once', { failover: unfit, health: 'degraded' }).reason.text).not.toContain('No failover');
  });
});

it('who was primary gets no state restored: it takes it from the one that leads', () => {
  const base = sampleAttempt('escalate', { verdict: 'contained' });
  const promotion = { to: 'web-2', epoch: 4 };
  const over = { ...base, steps: [samplePromotion(promotion)], plan: { ...base.plan, promotion } };
  const policy = { ...samplePolicy(), failover: { when: 'at-once', maxLagMs: 1, restMs: 1 } as const };
  const facts = sampleFacts({ policy, attempts: [over], severityAtLeast: 4 });
  const decision = ladderStrategy.propose(facts, threatAssessor.assess(facts), sampleCapabilities);
  expect(decision).toMatchObject({ act: true, value: { rung: 'recreate', restoreState: false } });
});
