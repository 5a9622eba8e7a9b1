import { describe, expect, it } from 'vitest';
import { everything, finding, incidentFacts, policy } from '../../test/decision-fixtures.ts';
import type { Attempt, Plan } from '../model/index.ts';
import { sampleAttempt } from '../testing/sample-facts.ts';
import { asCanary, canaryPlan } from './canary-plan.ts';

const respawn: Plan = {
  rung: 'respawn',
  skipped: [],
  restoreState: true,
  mode: 'beside',
  graceMs: 10_000,
  timeoutMs: 120_000,
  recommendedAction: 'respawn',
};
const of = (attempts: readonly Attempt[] = [], can = everything) => ({ can, facts: incidentFacts({ attempts }) });

describe('the plan of a canary', () => {
  it('is the smallest action there is', () => {
    expect(canaryPlan(respawn, of())).toEqual({
      rung: 'restart',
      skipped: [],
      restoreState: false,
      graceMs: policy.ladder.restart.graceMs,
      timeoutMs: policy.ladder.restart.timeoutMs,
      recommendedAction: 'restart',
    });
  });

  it('gives less time to end to an agent that hangs', () => {
    const since = 9_000;
    const findings = [
      finding({ kind: 'heartbeat-timeout', evidence: 'heartbeat', since }),
      finding({ kind: 'probe-failed', evidence: 'probe', since, data: { silent: true } }),
    ];
    const ladder = { ...policy.ladder, hungGraceMs: 1_000 };
    const facts = incidentFacts({ findings, signs: { beats: true, answers: true }, policy: { ...policy, ladder } });
    expect(canaryPlan(respawn, { can: everything, facts })).toMatchObject({
      rung: 'restart',
      graceMs: 1_000,
      shortGrace: { code: 'hung' },
    });
  });

  it('is the next one when the smallest was tried in vain, or is not to be had', () => {
    expect(canaryPlan(respawn, of([sampleAttempt('restart')])).rung).toBe('recreate');
    expect(
      canaryPlan(
        respawn,
        of(
          [],
          everything.filter(({ action }) => action !== 'restart'),
        ),
      ).rung,
    ).toBe('recreate');
    expect(canaryPlan(respawn, of([sampleAttempt('restart'), sampleAttempt('recreate')]))).toBe(respawn);
  });

  it('still needs the person whom the plan needed', () => {
    const needsApproval = { code: 'approval-required', text: 'Severity 9.' } as const;
    expect(canaryPlan({ ...respawn, needsApproval }, of()).needsApproval).toBe(needsApproval);
  });

  it('says that it is smaller because it is a canary, and leaves no plan alone', () => {
    const reason = { code: 'rung-chosen', text: 'Severity 6: respawn.' } as const;
    const smaller = asCanary({ act: true, value: respawn, reason }, of());
    expect(smaller.reason.text).toContain('smallest action first: restart');
    const none = { act: false, reason } as const;
    expect(asCanary(none, of())).toBe(none);
  });
});
