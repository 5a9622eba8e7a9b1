import { describe, expect, it } from 'vitest';
import { everything, incidentFacts } from '../../test/decision-fixtures.ts';
import type { IncidentFacts } from '../contracts/index.ts';
import type { Assessment, Attempt, Capability, Rung } from '../model/index.ts';
import { ladderStrategy } from './ladder-strategy.ts';

const assessed = (severity: number): Assessment => ({
  severity,
  factors: [],
  dataLossRisk: false,
  securityIncident: false,
  signature: 's',
});
const failed = (rung: Rung): Attempt => ({ plan: { rung }, steps: [], verdict: 'failed' }) as unknown as Attempt;

function propose(severity: number, change: Partial<IncidentFacts> = {}, can: readonly Capability[] = everything) {
  return ladderStrategy.propose(incidentFacts(change), assessed(severity), can);
}

describe('ladder', () => {
  it.each([
    [1, 'restart'],
    [3, 'restart'],
    [4, 'recreate'],
    [6, 'recreate'],
    [7, 'respawn'],
    [8, 'respawn'],
  ] as const)('enters severity %i on %s', (severity, rung) => {
    expect(propose(severity)).toMatchObject({ act: true, value: { rung } });
  });

  it.each([9, 10])('prepares a respawn for severity %i that a person has to approve', (severity) => {
    expect(propose(severity)).toMatchObject({
      act: true,
      value: {
        rung: 'respawn',
        needsApproval: { code: 'approval-required' },
        recommendedAction: 'manual_investigation',
      },
    });
  });

  it('isolates after a security incident, but not the last of its group that may still work', () => {
    const assessment = { ...assessed(9), securityIncident: true };
    const reach = { groupSize: 4, unhealthy: 2, dependants: 0 };
    const of = (unhealthy: number): unknown =>
      ladderStrategy.propose(incidentFacts({ reach: { ...reach, unhealthy } }), assessment, everything);
    expect(of(2)).toMatchObject({ value: { contain: { for: 'security' } } });
    expect(of(3)).toMatchObject({ value: { rung: 'respawn', needsApproval: { code: 'approval-required' } } });
  });

  it('only climbs within an incident, also when severity falls again', () => {
    expect(propose(2, { attempts: [failed('recreate')] })).toMatchObject({ value: { rung: 'respawn' } });
  });

  it('skips upward what the orchestrator lacks and says so', () => {
    const can = everything.filter((capability) => capability.action !== 'restart');
    expect(propose(2, {}, can)).toMatchObject({ value: { rung: 'recreate', skipped: ['restart'] } });
  });

  it('hands over when the last rung has failed', () => {
    expect(propose(9, { attempts: [failed('respawn')] })).toMatchObject({
      act: false,
      reason: { code: 'ladder-exhausted' },
    });
  });

  it('hands over when the orchestrator has no rung from here up', () => {
    const can = everything.filter((capability) => capability.action === 'restart');
    expect(propose(5, {}, can)).toMatchObject({ act: false, reason: { code: 'ladder-exhausted' } });
  });

  it('says that nobody can act on an agent without orchestrator', () => {
    expect(propose(2, {}, [])).toMatchObject({ act: false, reason: { code: 'no-orchestrator' } });
  });
});
