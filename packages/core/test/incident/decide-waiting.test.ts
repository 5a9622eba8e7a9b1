import { describe, expect, it } from 'vitest';
import { decide } from '../../src/incident/index.ts';
import { facts, openIncident, plan } from './fixtures.ts';

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
    expect(decide(awaiting, { type: 'approved', by: 'ann' }, facts(critical)).incident).toMatchObject({
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
