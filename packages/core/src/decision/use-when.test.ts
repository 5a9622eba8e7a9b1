import { describe, expect, it } from 'vitest';
import { agent, everything, finding, incidentFacts, policy } from '../../test/decision-fixtures.ts';
import type { IncidentFacts } from '../contracts/index.ts';
import type { Attempt, Finding, Rung, UseWhenRule } from '../model/index.ts';
import { ladderStrategy } from './ladder-strategy.ts';
import { threatAssessor } from './threat-assessor.ts';
import { useWhenTable } from './use-when.ts';

const withSignature = (signature: string, more: Partial<Finding> = {}): Partial<IncidentFacts> => ({
  findings: [finding({ proven: true, kind: 'errors', signature, ...more })],
});

/** What the ladder makes of a failure whose severity is `severity` by a rule of the user. */
function planFor(change: Partial<IncidentFacts>, severity = 2, useWhen: readonly UseWhenRule[] = []) {
  const facts = incidentFacts({
    health: 'failed',
    severityAtLeast: severity,
    ...change,
    policy: { ...policy, ladder: { ...policy.ladder, useWhen } },
  });
  const assessment = threatAssessor.assess(facts);
  return { assessment, proposal: ladderStrategy.propose(facts, assessment, everything) };
}

describe('the table "use when"', () => {
  it.each([
    ['config reload', 'errors:stale-config', 5, 'restart'],
    ['transient network', 'errors:ECONNRESET', 5, 'restart'],
    ['memory leak', 'exhaustion:memory', 5, 'restart'],
    ['resource exhaustion', 'errors:enospc', 2, 'recreate'],
    ['corrupted container', 'errors:erofs', 2, 'recreate'],
    ['corruption', 'errors:checksum-mismatch', 2, 'respawn'],
    ['version upgrade', 'errors:version-mismatch', 2, 'respawn'],
  ])('%s (%s, severity %i) → %s', (_name, signature, severity, rung) => {
    const { proposal } = planFor(withSignature(signature), severity);
    expect(proposal).toMatchObject({ act: true, value: { rung } });
    expect(proposal.reason.text).toMatch(/: .+; [a-z-]+: /);
  });

  it('persistent errors → recreate, repeated failure → respawn', () => {
    const again = (recurrence: number): Partial<IncidentFacts> => ({
      ...withSignature('errors:db'),
      health: 'degraded',
      history: { failures: 0, recurrence, outcomes: { restart: { healed: 1, failed: 0 } } },
    });
    expect(planFor(again(1), 1).proposal).toMatchObject({ value: { rung: 'restart' } });
    expect(planFor(again(2), 1).proposal).toMatchObject({ value: { rung: 'recreate' } });
    expect(planFor(again(3), 1).proposal).toMatchObject({ value: { rung: 'respawn' } });
  });

  it('repeated failure is not what is only foreseen again and again', () => {
    const leak = withSignature('leak:memory', { kind: 'exhaustion', implies: 'degraded', proven: false });
    const history = { failures: 0, recurrence: 4, outcomes: { restart: { healed: 4, failed: 0 } } };
    expect(planFor({ ...leak, health: 'degraded', history }, 1).proposal).toMatchObject({ value: { rung: 'restart' } });
  });

  it('label compliance → a person approves, whatever the rung', () => {
    const labelled = { agent: { ...agent, labels: { compliance: 'pci' } } };
    expect(planFor(labelled).proposal).toMatchObject({
      act: true,
      value: { rung: 'restart', needsApproval: { code: 'rule-approval' }, recommendedAction: 'manual_investigation' },
    });
    expect(planFor({}).proposal).not.toHaveProperty('value.needsApproval');
  });

  it('gives every line a sentence, a condition and an effect', () => {
    for (const { name, kind, signature, label, when, least, prefer, approve, reason } of useWhenTable) {
      const whole =
        [kind, signature, label, when].some((one) => one !== undefined) &&
        [least, prefer, approve].some((one) => one !== undefined) &&
        reason.length > 10;
      expect({ name, whole }).toEqual({ name, whole: true });
    }
  });
});

describe('a failure nobody knows', () => {
  const unknown = withSignature('odd', { kind: 'acme/odd' });

  it('adds 1, and asks for a person only from severity 7', () => {
    const { assessment, proposal } = planFor(unknown, 1);
    expect(assessment).toMatchObject({ severity: 3, unknown: true });
    expect(proposal).not.toHaveProperty('value.needsApproval');
    expect(planFor(unknown, 6).proposal).not.toHaveProperty('value.needsApproval');
    expect(planFor(unknown, 7).proposal).toMatchObject({
      value: { rung: 'respawn', needsApproval: { code: 'unknown-failure' } },
    });
  });

  it('is known once the ledger has an outcome of it, or a line names it', () => {
    const outcomes = { restart: { healed: 1, failed: 0 } };
    const seen = { ...unknown, history: { failures: 0, recurrence: 0, outcomes } };
    expect(planFor(seen).assessment).not.toHaveProperty('unknown');
    const line: UseWhenRule = { name: 'odd', kind: 'acme/*', prefer: 'restart', reason: 'it is known to pass' };
    expect(planFor(unknown, 1, [line]).assessment).not.toHaveProperty('unknown');
  });
});

describe('a line of the user', () => {
  const line = (change: Partial<UseWhenRule>): UseWhenRule => ({
    name: 'own',
    signature: '*',
    reason: 'so it is',
    ...change,
  });
  const rungOf = (
    lines: readonly UseWhenRule[],
    severity: number,
    change: Partial<IncidentFacts> = {},
  ): Rung | undefined => {
    const { proposal } = planFor({ ...withSignature('errors:x'), ...change }, severity, lines);
    return proposal.act ? proposal.value.rung : undefined;
  };

  it('takes the place of the built-in line of its name', () => {
    const { proposal } = planFor(withSignature('errors:checksum'), 2, [
      line({ name: 'corruption', signature: '*checksum*', least: 'recreate' }),
    ]);
    expect(proposal).toMatchObject({ value: { rung: 'recreate' } });
  });

  it('lowers the entry by one rung at most, and not against a line that asks for more', () => {
    expect(rungOf([line({ prefer: 'restart' })], 8)).toBe('recreate');
    expect(rungOf([line({ prefer: 'restart' }), line({ name: 'more', least: 'respawn' })], 5)).toBe('respawn');
    expect(rungOf([line({ prefer: 'respawn' })], 2)).toBe('restart');
  });

  it('lowers nothing after an attempt failed: the ladder only climbs', () => {
    const attempts = [{ plan: { rung: 'restart' }, steps: [], verdict: 'failed' } as unknown as Attempt];
    expect(rungOf([line({ prefer: 'restart' })], 5, { attempts })).toBe('recreate');
  });

  it.each([{ prefer: 'restart' }, { least: 'restart' }, { prefer: 'restart', approve: false }] as const)(
    'never takes the approval from a critical failure: %j',
    (change) => {
      const { proposal } = planFor(withSignature('errors:x'), 9, [line(change)]);
      expect(proposal).toMatchObject({ value: { rung: 'respawn', needsApproval: { code: 'approval-required' } } });
    },
  );

  it('adds to severity', () => {
    const { assessment } = planFor(withSignature('errors:x'), 1, [line({ add: 2 })]);
    expect(assessment.factors).toContainEqual({ name: 'own', share: 2, text: 'so it is' });
    expect(assessment.severity).toBe(4);
  });

  it('that cannot be evaluated still asks for a person, does nothing else, and is told of', () => {
    const when = 'agent.labels.nothing == "x"';
    const { assessment, proposal } = planFor({}, 2, [line({ when, least: 'respawn', approve: true, add: 5 })]);
    expect(proposal).toMatchObject({ value: { rung: 'restart', needsApproval: { code: 'rule-approval' } } });
    expect(assessment).toMatchObject({ severity: 2, remarks: [{ code: 'rule-failed' }] });
  });
});

describe('a flag', () => {
  it('stays raised for the whole incident, though what raised it is gone', () => {
    const flagged = { dataLossRisk: false, securityIncident: true };
    expect(threatAssessor.assess(incidentFacts({ flagged }))).toMatchObject({ securityIncident: true, severity: 9 });
  });
});

describe('a rule of severity', () => {
  const ruled = (rule: object) =>
    threatAssessor.assess(
      incidentFacts({
        policy: { ...policy, severity: { ...policy.severity, rules: [{ reason: 'told', when: 'true', ...rule }] } },
      }),
    );

  it('raises a flag with its sentence', () => {
    const found = ruled({ when: 'finding.kind == "exited"', set: 'dataLossRisk' });
    expect(found).toMatchObject({ dataLossRisk: true, securityIncident: false, severity: 9 });
    expect(found.factors.at(-1)).toMatchObject({ name: 'data-loss-risk', text: 'told' });
    expect(ruled({ when: 'finding.kind == "other"', set: 'dataLossRisk' }).dataLossRisk).toBe(false);
  });

  it('that cannot be evaluated raises its flag, because nobody can rule it out, and adds nothing', () => {
    const found = ruled({ when: 'agent.labels.nope == "x"', set: 'securityIncident', add: 3 });
    expect(found).toMatchObject({ securityIncident: true, remarks: [{ code: 'rule-failed' }] });
    expect(found.factors.some(({ name }) => name.startsWith('severity.rules'))).toBe(false);
    expect(ruled({ when: 'agent.labels.nope == "x"', add: 3 })).toMatchObject({ severity: 2, securityIncident: false });
  });
});
