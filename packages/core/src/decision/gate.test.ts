import { describe, expect, it } from 'vitest';
import { agent, finding, policy } from '../../test/decision-fixtures.ts';
import type { Hold, Policy } from '../model/index.ts';
import { askGate } from './gate.ts';
import type { GateFacts } from './gate-facts.ts';

const enough = { allowed: true, at: 100_000, most: 7, weight: 1, limit: policy.gate.budgets.group };
const spent = { ...enough, allowed: false, at: 160_000 };

function facts(change: Partial<GateFacts> = {}): GateFacts {
  return {
    now: 100_000,
    agent,
    health: 'failed',
    findings: [finding({ proven: true })],
    policy,
    rung: 'restart',
    begun: false,
    ordered: false,
    failedAttempts: 0,
    affects: ['web.1'],
    unselected: [],
    inRecovery: [],
    settled: true,
    settledAt: 0,
    budget: { allowed: true, at: 0 },
    notBefore: 0,
    groupSize: 5,
    groupInFlight: 0,
    groupBudget: enough,
    globalBudget: enough,
    globalInFlight: 0,
    beats: true,
    asked: true,
    wasAlive: true,
    stretch: 1,
    owned: true,
    ...change,
  };
}

const hold: Hold = {
  id: 'h',
  scope: { kind: 'fleet' },
  reason: 'deploy',
  by: 'ann',
  at: 0,
  until: 500_000,
  maintenance: false,
};
const mode = (wanted: Policy['mode']): Policy => ({ ...policy, mode: wanted });
const silent = finding({
  id: 'h',
  kind: 'heartbeat-timeout',
  evidence: 'heartbeat',
  implies: 'degraded',
  since: 100_000,
});
const slow = finding({ id: 's', kind: 'slow', evidence: 'telemetry', implies: 'degraded' });
const slowProbe = finding({ id: 'p', kind: 'slow', evidence: 'probe', implies: 'degraded' });

describe('gate', () => {
  it('names how many agents an action would touch, and which', () => {
    const affects = ['web.1', 'web.2', 'web.3'];
    expect(askGate(facts({ affects })).reason.text).toContain('3 agents: web.1, web.2, web.3');
  });

  it('lets a proven exit pass and keeps what every rule said', () => {
    const verdict = askGate(facts());
    expect(verdict.verdict).toBe('proceed');
    expect(verdict.rules.every((rule) => rule.verdict === 'proceed' && rule.reason.text.length > 0)).toBe(true);
  });

  it.each([
    ['a group in mode observe', { policy: mode('observe') }, 'wait', 'mode-observe'],
    ['a group in mode dry-run', { policy: mode('dry-run') }, 'wait', 'mode-dry-run'],
    ['a hold', { hold }, 'wait', 'hold'],
    ['a window of maintenance', { hold: { ...hold, kind: 'window' } }, 'wait', 'maintenance-window'],
    ['a guard that has just started', { settled: false, settledAt: 130_000 }, 'wait', 'settling'],
    ['another recovery', { inRecovery: ['web.1'] }, 'wait', 'recovery-in-progress'],
    ['a sibling stopped by hand', { ordered: true, stoppedBeside: ['web.2'] }, 'wait', 'stopped-by-operator'],
    ['agents nobody selected', { affects: ['web.1', 'x'], unselected: ['x'] }, 'refuse', 'affects-unselected'],
    ['an action wider than allowed', { affects: ['web.1', 'web.2'] }, 'refuse', 'affects-unselected'],
    [
      'an instance stopped by hand',
      { agent: { ...agent, instance: { id: 'i', generation: 1, state: 'stopped' as const } } },
      'wait',
      'stopped-by-operator',
    ],
    ['a rollout', { agent: { ...agent, rollout: 'in-progress' as const } }, 'wait', 'rollout-in-progress'],
    ['a paused rollout', { agent: { ...agent, rollout: 'paused' as const } }, 'wait', 'rollout-in-progress'],
    ['one kind of evidence', { findings: [finding({ evidence: 'probe' })] }, 'wait', 'single-evidence'],
    [
      'an objective that is missed for hours, and nothing else',
      {
        now: 10_000_000,
        findings: [finding({ kind: 'slo-burn', evidence: 'telemetry', implies: 'degraded', since: 0 })],
      },
      'wait',
      'slo-alone',
    ],
    ['a backoff that still runs', { notBefore: 105_000 }, 'wait', 'backoff'],
    [
      'a spent budget',
      { budget: { allowed: false, at: 400_000, limit: { max: 3, perMs: 600_000 } } },
      'refuse',
      'attempt-budget-exhausted',
    ],
    ['too many recoveries at once', { groupInFlight: 1 }, 'wait', 'group-in-flight'],
    ['too many over all groups', { groupSize: 500, globalInFlight: 10 }, 'wait', 'global-in-flight'],
    ['a spent budget of the group', { groupBudget: spent }, 'wait', 'group-budget-exhausted'],
    ['a spent budget of the fleet', { globalBudget: spent }, 'wait', 'global-budget-exhausted'],
    ['a lost lease', { owned: false }, 'wait', 'lease-lost'],
  ] as const)('is stopped by %s', (_, change, verdict, code) => {
    const answer = askGate(facts(change));
    expect(answer).toMatchObject({ verdict, reason: { code } });
    expect(answer.reason.remedy?.length).toBeGreaterThan(0);
  });

  it('prefers a refusal to a wait, and of waits the longest', () => {
    const spent = { allowed: false, at: 400_000, limit: { max: 3, perMs: 600_000 } };
    expect(askGate(facts({ hold, budget: spent })).verdict).toBe('refuse');
    expect(askGate(facts({ hold, settled: false, settledAt: 120_000 }))).toMatchObject({
      verdict: 'wait',
      untilMs: 500_000,
    });
  });

  it('leaves a silent agent that answers alone until silentFor is over, then allows a restart and no more', () => {
    const asked = { health: 'degraded', findings: [silent], answeredAgoMs: 0 } as const;
    expect(askGate(facts({ health: 'degraded', findings: [silent] }))).toMatchObject({
      reason: { code: 'single-evidence' },
    });
    expect(askGate(facts(asked))).toMatchObject({
      verdict: 'wait',
      untilMs: 700_000,
      reason: { code: 'silent-but-answering' },
    });
    expect(askGate(facts({ ...asked, now: 700_000 })).verdict).toBe('proceed');
    expect(askGate(facts({ ...asked, now: 700_000, rung: 'recreate' })).verdict).toBe('refuse');
  });

  describe('of an agent that fell silent, and of which something else is known as well', () => {
    const ill = finding({ id: 'u', kind: 'unhealthy', evidence: 'orchestrator', since: 99_000 });
    const asked = { findings: [silent, ill], answeredAgoMs: 10_000 } as const;
    const { timeoutMs } = policy.probes.health;

    it('waits for the answer to the question whether it is alive, as long as that may take', () => {
      const until = 101_000 + 2 * timeoutMs;
      const waits = { verdict: 'wait', untilMs: 100_500, reason: { code: 'confirming' } };
      expect(askGate(facts(asked))).toMatchObject(waits);
      expect(askGate(facts({ ...asked, now: until - 1 }))).toMatchObject({ verdict: 'wait', untilMs: until });
      expect(askGate(facts({ ...asked, now: until })).verdict).toBe('proceed');
      expect(askGate(facts({ ...asked, now: until, stretch: 2 })).verdict).toBe('wait');
    });

    it('does not, where the answer is known or none is to be had', () => {
      const deaf = finding({ id: 'p', kind: 'probe-failed', evidence: 'probe', since: 100_000 });
      for (const known of [
        { findings: [silent, ill, deaf] },
        { findings: [silent, ill, finding({ id: 'x', proven: true })] },
        { answeredAgoMs: 0 },
        { asked: false },
        { findings: [ill, finding({ id: 'e', kind: 'error-rate', evidence: 'telemetry' })] },
      ])
        expect(askGate(facts({ ...asked, ...known })).verdict).toBe('proceed');
      const { answeredAgoMs: _never, ...unheard } = asked;
      expect(askGate(facts(unheard)).verdict).toBe('proceed');
    });
  });

  describe('of an agent that offers one check and is heard in no other way', () => {
    const deaf = finding({ kind: 'probe-failed', evidence: 'probe', since: 100_000, lasting: true });
    const ill = finding({ kind: 'unhealthy', evidence: 'orchestrator', since: 100_000, lasting: true });
    const checked = { ...agent, instance: { id: 'i', generation: 1, checked: true } };
    const asked = { findings: [deaf], beats: false } as const;
    const tested = { agent: checked, findings: [ill], beats: false, asked: false } as const;

    it('allows a restart when that has lasted, and no more', () => {
      for (const one of [asked, tested]) {
        expect(askGate(facts(one)).verdict).toBe('proceed');
        expect(askGate(facts({ ...one, rung: 'recreate' })).verdict).toBe('refuse');
      }
    });

    it('looks again after a probe interval while it has not', () => {
      const { lasting: _not, ...young } = ill;
      expect(askGate(facts({ ...tested, findings: [young] }))).toMatchObject({
        verdict: 'wait',
        untilMs: 100_000 + policy.probes.liveness.everyMs,
        reason: { code: 'single-evidence', remedy: expect.stringContaining('no other kind') },
      });
    });

    it('waits for silentFor where it is heard in another way as well, or has never answered', () => {
      const others = [
        { ...asked, wasAlive: false },
        { ...asked, agent: checked },
        { ...asked, beats: true },
        { ...asked, policy: { ...policy, heartbeat: { ...policy.heartbeat, expect: 'required' as const } } },
        { ...tested, beats: true },
        { ...tested, asked: true },
      ];
      for (const one of others)
        expect(askGate(facts(one))).toMatchObject({ verdict: 'wait', untilMs: 100_000 + policy.heartbeat.silentForMs });
    });
  });

  it('takes a failed attempt as the second kind of evidence', () => {
    const asked = { findings: [finding({ evidence: 'probe' })], rung: 'recreate' } as const;
    expect(askGate(facts(asked)).verdict).toBe('wait');
    expect(askGate(facts({ ...asked, failedAttempts: 1 })).verdict).toBe('proceed');
    expect(askGate(facts({ ...asked, findings: [], failedAttempts: 1 })).verdict).toBe('wait');
  });

  it('believes that busy is not dead: progress speaks for an agent that is only slow', () => {
    const busy = { health: 'degraded', findings: [slow, slowProbe], progressAgoMs: 5_000 } as const;
    expect(askGate(facts(busy))).toMatchObject({ verdict: 'wait', reason: { code: 'progress-veto' } });
    expect(askGate(facts({ ...busy, progressAgoMs: 121_000 })).verdict).toBe('proceed');
    const failing = finding({ id: 'e', kind: 'error-rate', evidence: 'telemetry' });
    expect(askGate(facts({ ...busy, findings: [slow, slowProbe, failing] })).verdict).toBe('proceed');
  });

  it('asks an attempt under way neither for budget nor backoff nor evidence again, but for holds and ownership', () => {
    const begun = { begun: true, budget: { allowed: false, at: 1 }, notBefore: 999_999, findings: [] } as const;
    expect(askGate(facts(begun)).verdict).toBe('proceed');
    expect(askGate(facts({ ...begun, hold })).verdict).toBe('wait');
  });

  it('takes the word of a person for evidence and mode, not for holds and budgets', () => {
    expect(askGate(facts({ ordered: true, findings: [], policy: mode('observe') })).verdict).toBe('proceed');
    expect(askGate(facts({ ordered: true, hold })).verdict).toBe('wait');
  });

  it('always allows one recovery, however small the group', () => {
    for (const groupSize of [1, 2, 3]) expect(askGate(facts({ groupSize })).verdict).toBe('proceed');
  });
});
