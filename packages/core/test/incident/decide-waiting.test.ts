import { describe, expect, it } from 'vitest';
import type { DecideFacts } from '../../src/incident/index.ts';
import { decide } from '../../src/incident/index.ts';
import type { Finding, ReasonCode } from '../../src/model/index.ts';
import { assessment, facts, finding, openIncident, plan } from './fixtures.ts';

describe('decide: waiting for a person', () => {
  const critical = {
    proposal: {
      act: true,
      value: { ...plan, rung: 'respawn', needsApproval: { code: 'approval-required', text: 'critical' } },
      reason: { code: 'rung-chosen', text: '' },
    },
  } as const;
  const awaiting = decide(openIncident(), { type: 'due' }, facts(critical)).incident;

  it('acts after the approval', () => {
    expect(decide(awaiting, { type: 'approved', by: 'ann', seal: 'of ann' }, facts(critical)).incident).toMatchObject({
      state: 'acting',
      attempt: { orderedBy: 'ann' },
    });
  });

  it('escalates after a rejection and after the time to decide is over', () => {
    expect(decide(awaiting, { type: 'rejected', by: 'ann' }, facts()).incident).toMatchObject({
      state: 'escalated',
      reason: { code: 'approval-rejected' },
    });
    expect(decide(awaiting, { type: 'due' }, facts({ now: 3_000 })).incident).toBe(awaiting);
    expect(decide(awaiting, { type: 'due' }, facts({ now: 3_602_000 })).incident).toMatchObject({
      state: 'escalated',
      reason: { code: 'approval-expired' },
    });
  });

  it('drops the plan when the agent recovers meanwhile', () => {
    expect(
      decide(
        awaiting,
        { type: 'findings', findings: [], health: 'healthy' },
        facts({ findings: [], health: 'healthy' }),
      ).incident.state,
    ).toBe('open');
  });

  it('watches an escalated agent that is seen healthy, and resolves it', () => {
    const escalated = decide(awaiting, { type: 'rejected', by: 'ann' }, facts()).incident;
    const well = { health: 'healthy', findings: [], soundForMs: 10_000 } as const;
    const watching = decide(escalated, { type: 'findings', findings: [], health: 'healthy' }, facts(well)).incident;
    expect(watching.state).toBe('watching');
    expect(decide(watching, { type: 'watch-check' }, facts({ ...well, now: 400_000 })).incident).toMatchObject({
      state: 'resolved',
      outcome: 'self-recovered',
    });
  });
});

describe('an open incident that calls for a person', () => {
  const needsApproval = { code: 'approval-required', text: 'Severity 9 is critical.' } as const;
  const proposal = {
    act: true,
    value: { ...plan, rung: 'respawn', needsApproval },
    reason: { code: 'rung-chosen', text: 'x' },
  } as const;
  const waiting = (rule: string, code: ReasonCode): DecideFacts['verdict'] => {
    const reason = { code, text: 'One kind of evidence alone (probe) stands against web.1.' };
    return { verdict: 'wait', untilMs: 600_000, reason, rules: [{ rule, verdict: 'wait', untilMs: 600_000, reason }] };
  };

  it('asks at once, when only evidence is lacking', () => {
    const verdict = waiting('evidence', 'single-evidence');
    const { incident, notices } = decide(openIncident(), { type: 'due' }, facts({ proposal, verdict }));
    expect(incident.state).toBe('awaiting-approval');
    expect(notices).toEqual(['approval']);
    expect(incident.because.text).toContain('One kind of evidence alone');
  });

  it('waits for everything else that stands in the way', () => {
    for (const verdict of [
      waiting('fleet-breaker', 'fleet-breaker-open'),
      waiting('evidence', 'flapping'),
      waiting('mode', 'mode-dry-run'),
    ])
      expect(decide(openIncident(), { type: 'due' }, facts({ proposal, verdict })).incident.state).toBe('open');
  });

  it('asks after a security incident on whatever evidence: the agent is out of reach already', () => {
    const verdict = waiting('evidence', 'anomaly-alone');
    const assessed = { ...assessment, securityIncident: true };
    const { incident } = decide(openIncident(), { type: 'due' }, facts({ proposal, verdict, assessment: assessed }));
    expect(incident.state).toBe('awaiting-approval');
  });

  it('asks nobody for a plan that needs no person: it waits for the second kind', () => {
    const verdict = waiting('evidence', 'single-evidence');
    expect(decide(openIncident(), { type: 'due' }, facts({ verdict })).incident.state).toBe('open');
  });
});

describe('an open incident whose suspicions are seen again', () => {
  const other: Finding = { ...finding, id: 'probe:down', evidence: 'probe', text: 'down' };
  const reason = { code: 'single-evidence', text: 'wait' } as const;
  const verdict = { verdict: 'wait', untilMs: 90_000, reason, rules: [] } as const;

  it('writes no line because they come in another order', () => {
    const before = openIncident({ findings: [finding, other], because: reason });
    const decided = decide(before, { type: 'due' }, facts({ verdict, findings: [other, finding] }));
    expect(decided.entry).toBeUndefined();
  });
});

describe('an open incident for which nothing can be done', () => {
  const hour = 3_600_000;
  const wait = (code: ReasonCode): DecideFacts['verdict'] => {
    const reason = { code, text: 'later' };
    return { verdict: 'wait', untilMs: 2 * hour, reason, rules: [] };
  };
  const before = openIncident({ because: { code: 'settling', text: 'later' } });

  it('is told of once after a while, although nothing about it changes', () => {
    const soon = decide(before, { type: 'due' }, facts({ now: 60_000, verdict: wait('settling') }));
    expect(soon.notices).toEqual([]);
    const late = decide(before, { type: 'due' }, facts({ now: hour, verdict: wait('settling') }));
    expect(late.notices).toEqual(['blocked']);
    const again = decide(late.incident, { type: 'due' }, facts({ now: 2 * hour, verdict: wait('settling') }));
    expect(again.notices).toEqual([]);
  });

  it('is not while the agent has not failed, or people asked for the wait', () => {
    const degraded = facts({ now: hour, health: 'degraded', verdict: wait('settling') });
    expect(decide(before, { type: 'due' }, degraded).notices).toEqual([]);
    const stopped = facts({ now: hour, verdict: wait('stopped-by-operator') });
    expect(decide(before, { type: 'due' }, stopped).notices).toEqual([]);
  });
});
