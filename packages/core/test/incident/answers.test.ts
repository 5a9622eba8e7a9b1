import { describe, expect, it } from 'vitest';
import { decide } from '../../src/incident/index.ts';
import type { Incident } from '../../src/model/index.ts';
import { facts, openIncident, plan } from './fixtures.ts';

const needsApproval = { code: 'approval-required', text: 'critical' } as const;
const proposal = { act: true, value: { ...plan, needsApproval }, reason: { code: 'rung-chosen', text: 'x' } } as const;
const awaiting = decide(openIncident(), { type: 'due' }, facts({ proposal })).incident;
const yes = { type: 'approved', by: 'ann', seal: 'of ann' } as const;

describe('an approval', () => {
  it('is good for the plan that was shown, on the instance it was made for', () => {
    expect(decide(awaiting, yes, facts({ proposal })).incident.state).toBe('acting');
    const other = decide(awaiting, yes, facts({ proposal, planHash: 'of another instance' }));
    expect(other.incident).toMatchObject({ state: 'open', because: { code: 'plan-stale' } });
  });

  it('does not outweigh a hold that was set meanwhile: nothing is drained or routed away', () => {
    const hold = {
      id: 'h',
      scope: { kind: 'fleet' },
      reason: 'freeze',
      by: 'bob',
      at: 0,
      until: 9_000,
      maintenance: false,
    } as const;
    const held = decide(awaiting, yes, facts({ proposal, hold })).incident;
    expect(held).toMatchObject({ state: 'open', because: { code: 'hold' } });
    expect(decide(held, { type: 'due' }, facts({ proposal, hold })).incident.state).toBe('held');
  });
});

describe('an order that not enough people agree to', () => {
  const order = { type: 'ordered', plan, by: 'ann' } as const;
  const base = openIncident();
  const approvals = { ...base.policy.approvals, quorum: 2 };
  const opened: Incident = { ...base, policy: { ...base.policy, approvals } };
  const ordered = decide(opened, order, facts()).incident;
  const asked = decide(ordered, { type: 'due' }, facts()).incident;
  const well = { findings: [], health: 'healthy', now: 1_000_000_000 } as const;
  const rejected = { type: 'rejected', by: 'bob' } as const;

  it.each([{ type: 'due' } as const, rejected])('leaves an agent alone that nothing is wrong with (%o)', (event) => {
    expect(asked.state).toBe('awaiting-approval');
    const over = decide(asked, event, facts(well)).incident;
    expect(over.state).toBe('open');
    expect(over.requested).toBeUndefined();
  });

  it('ends with a person for one that is not well', () => {
    expect(decide(asked, rejected, facts()).incident).toMatchObject({ state: 'escalated', quiet: true });
  });
});

describe('an escalation of which nobody was told', () => {
  const nobody = { act: false, reason: { code: 'no-orchestrator', text: 'x' } } as const;
  const escalated = decide(openIncident(), { type: 'due' }, facts({ proposal: nobody })).incident;

  it('is told again', () => {
    const again = decide(escalated, { type: 'due' }, facts());
    expect(again.notices).toEqual(['escalated']);
    expect(again.incident).toMatchObject({ state: 'escalated', because: escalated.because, told: false });
  });

  it('is not once a person knows', () => {
    const known: Incident = { ...escalated, told: true };
    expect(decide(known, { type: 'due' }, facts()).incident).toBe(known);
  });
});
