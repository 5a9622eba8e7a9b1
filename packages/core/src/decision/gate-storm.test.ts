import { describe, expect, it } from 'vitest';
import { agent, finding, policy } from '../../test/decision-fixtures.ts';
import type { FleetBreaker } from '../model/index.ts';
import type { GateFacts } from './gate-facts.ts';
import { dependency, fleetBreaker, isSilenceOnly, partition } from './gate-storm.ts';

const silent = finding({ kind: 'heartbeat-timeout', evidence: 'heartbeat' });
const unanswered = finding({ id: 'p', kind: 'probe-failed', evidence: 'probe', data: { answered: false } });
const refused = finding({ id: 'p', kind: 'probe-failed', evidence: 'probe', data: { answered: true } });
const notReady = finding({ id: 'r', kind: 'not-ready', evidence: 'probe' });
const exited = finding({ proven: true });
const reason = { code: 'fleet-breaker-open', text: '5 of 10 agents are unhealthy at once.' } as const;
const open: FleetBreaker = { state: 'open', trips: 1, since: 0, reason, coolDownMs: 120_000, probeAt: 120_000 };
const half: FleetBreaker = { state: 'half-open', trips: 1, since: 0, reason, coolDownMs: 1, allowed: 2, successes: 1 };

function facts(change: Partial<GateFacts>): GateFacts {
  const base = { now: 60_000, agent, policy, rung: 'restart', begun: false, ordered: false, findings: [silent] };
  return { ...base, ...change } as GateFacts;
}

const of = (breaker: FleetBreaker, inFlight = 0, admitted = false) => ({
  fleetBreaker: { breaker, unhealthy: 5, size: 10, inFlight, admitted },
});

describe('the rule of the fleet breaker', () => {
  it.each([
    ['nothing while it is closed', of({ state: 'closed', trips: 3 }), undefined],
    ['that it waits for the cool-down', of(open), 'fleet-breaker-open'],
    ['nothing while a canary more may fly', of(half, 1), undefined],
    ['that as many canaries fly as may', of(half, 2), 'fleet-breaker-half-open'],
    ['nothing against a canary of this trip', { ...of(half, 2, true), begun: true }, undefined],
    ['that an attempt of before the trip is none', { ...of(half, 0), begun: true }, 'fleet-breaker-half-open'],
    ['nothing against an order', { ...of(open), ordered: true }, undefined],
    ['nothing against an attempt that has acted', { ...of(open), begun: true, acted: true }, undefined],
    ['nothing against isolation', { ...of(open), rung: 'escalate' }, undefined],
  ] as const)('says %s', (_says, change, code) => {
    expect(fleetBreaker(facts(change as Partial<GateFacts>))?.code).toBe(code);
  });

  it('waits until the canary and gives the figures', () => {
    expect(fleetBreaker(facts(of(open)))).toMatchObject({
      until: 120_000,
      text: expect.stringMatching(/in 1m: 5 of 10 .* Now 5 of 10 agents of group web/),
    });
  });
});

describe('the rule of the partition', () => {
  const silence = { code: 'silence-of-many', text: '5 of 10 fell silent.' } as const;

  it.each([
    ['waits for one that is silent', [silent, unanswered], 'silence-of-many'],
    ['waits for one that comes back and is not ready', [notReady], 'silence-of-many'],
    ['lets a proven exit pass', [silent, exited], undefined],
    ['lets one pass that answered with an error', [silent, refused], undefined],
  ] as const)('%s', (_does, findings, code) => {
    expect(partition(facts({ findings, silence }))?.code).toBe(code);
  });

  it('lets everything pass while there is none', () => {
    expect(partition(facts({}))).toBeUndefined();
  });

  it('knows silence from what is more', () => {
    expect(isSilenceOnly([silent, unanswered, notReady])).toBe(true);
    for (const findings of [[], [notReady], [silent, refused], [silent, exited]])
      expect(isSilenceOnly(findings)).toBe(false);
  });
});

describe('the rule of dependencies', () => {
  it('names what comes first, its incident and the way there', () => {
    const of2 = { agentId: 'db.1', path: ['web.1', 'api.1', 'db.1'], incidentId: 'inc_1' };
    expect(dependency(facts({ dependency: of2 }))).toMatchObject({
      code: 'dependency-failed',
      text: 'web.1 depends on db.1 (web.1 → api.1 → db.1), which is not well, incident inc_1.',
    });
    expect(dependency(facts({ dependency: of2, ordered: true }))).toBeUndefined();
    expect(dependency(facts({}))).toBeUndefined();
  });
});
