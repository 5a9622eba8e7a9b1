import { describe, expect, it } from 'vitest';
import type { Attempt, Incident, IncidentNoticeKind, Plan, Policy } from '../model/index.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { isClosing } from './routes.ts';
import { noticeOf } from './notices.ts';

const plan: Plan = {
  rung: 'restart',
  skipped: [],
  restoreState: false,
  graceMs: 0,
  timeoutMs: 30_000,
  recommendedAction: 'restart',
};
const attempt: Attempt = {
  number: 1,
  plan,
  severity: 3,
  steps: [],
  startedAt: 0,
  proven: true,
  endedAt: 9_000,
  verdict: 'failed',
};
const silent = {
  id: 'heartbeat:heartbeat-timeout', agentId: 'code_generator_001', detector: 'heartbeat', kind: 'heartbeat-timeout', evidence: 'heartbeat',
  implies: 'failed', strength: 1, since: 0, text: 'no heartbeat for 92s (timeout 90s)', signature: 'silent',
} as const; // prettier-ignore

const base = {
  id: 'inc_01', version: 4, agentId: 'code_generator_001', group: 'generators', instanceId: 'i-1', openedAt: 1_000, changedAt: 313_000,
  configVersion: 'c', policy: {} as Policy, health: 'failed', findings: [silent], signature: 'silent', severityAtLeast: 1, attempts: [],
  assessment: {
    severity: 3, factors: [{ name: 'state', share: 2, text: '' }, { name: 'recurrence', share: 1, text: '' }],
    dataLossRisk: false, securityIncident: false, signature: 'silent',
  },
  because: { code: 'agent-suspected', text: 'It fell silent' }, told: false,
} as const; // prettier-ignore

const open: Incident = { ...base, state: 'open', nextAt: 0 };
const kinds: readonly IncidentNoticeKind[] = [
  'opened',
  'progress',
  'degraded',
  'approval',
  'escalated',
  'recovery-failed',
  'recovered',
  'resolved',
];

describe('every kind', () => {
  it.each(kinds)('%s is one line of title, whole sentences, and the same for the same incident', (kind) => {
    const notice = noticeOf(kind, open);
    expect(noticeOf(kind, open)).toEqual(notice);
    expect(notice.title).toContain('code_generator_001');
    expect(notice.title).not.toContain('\n');
    expect(notice.text).toMatch(/^[A-Zc].*[.!?]$/);
    expect(notice.text).not.toMatch(/undefined|\.\.|\?\./);
    expect(structuredClone(notice)).toEqual(notice);
  });

  it.each(kinds)('%s has an id that sorts by what happened', (kind) => {
    const before = noticeOf(kind, { ...open, version: 9 });
    const after = noticeOf('opened', { ...open, version: 10 });
    expect(before.id < after.id).toBe(true);
    expect(before.id).toBe(`inc_01.000009.${kind}`);
  });

  it('cuts what is too long for a channel', () => {
    const findings = Array.from({ length: 50 }, () => ({ ...silent, text: 'x'.repeat(5_000) }));
    const notice = noticeOf('opened', { ...open, findings });
    expect([notice.title.length, notice.text.length]).toEqual([200, 4_000]);
    expect(JSON.stringify(notice.failureDetails).length).toBeLessThan(6_000);
  });
});

describe('a title', () => {
  it('stays one line, whatever an agent put into its messages', () => {
    const findings = [{ ...silent, text: 'boom\r\nBcc: all@example.org\u0007\n at x' }];
    expect(noticeOf('opened', { ...open, findings }).title).toBe('code_generator_001: boom Bcc: all@example.org at x');
  });
});

describe('priority', () => {
  it.each([
    [3, 'info'],
    [4, 'warning'],
    [7, 'error'],
    [9, 'critical'],
  ] as const)('of severity %i is %s', (severity, priority) => {
    expect(noticeOf('opened', { ...open, assessment: { ...base.assessment, severity } }).priority).toBe(priority);
  });

  it('follows the band the ladder has climbed to', () => {
    expect(noticeOf('progress', { ...open, severityAtLeast: 7 }).priority).toBe('error');
  });

  it('is critical when a person has to act or a recovery failed, and information when it is over', () => {
    const priorities = kinds.map((kind) => [kind, noticeOf(kind, open).priority]);
    expect(Object.fromEntries(priorities)).toEqual({
      'opened': 'info', 'progress': 'info', 'degraded': 'info', 'approval': 'error', 'escalated': 'critical', 'recovery-failed': 'critical',
      'recovered': 'info', 'resolved': 'info',
    }); // prettier-ignore
    expect(kinds.filter(isClosing)).toEqual(['recovered', 'resolved']);
  });
});

describe('wording', () => {
  it('says what is suspected and how severe it is', () => {
    expect(noticeOf('opened', open)).toMatchObject({
      title: 'code_generator_001: no heartbeat for 92s (timeout 90s)',
      text: 'code_generator_001 (group generators) is suspected to have failed: no heartbeat for 92s (timeout 90s). Severity 3 of 10 (state 2, recurrence 1).',
    });
  });

  it('says that a failure came back, in the thread of the first', () => {
    const notice = noticeOf('opened', { ...open, continues: 'inc_00' });
    expect(notice.threadId).toBe('inc_00');
    expect(notice.text).toContain('it continues inc_00.');
  });

  it('asks for approval with the way to give it and the time there is', () => {
    const waiting: Incident = {
      ...base,
      state: 'awaiting-approval',
      policy: samplePolicy(),
      attempts: [attempt],
      approval: {
        planHash: 'h',
        plan: { ...plan, rung: 'respawn', recommendedAction: 'respawn' },
        reason: { code: 'approval-required', text: 'Severity 9 needs a person' },
        requestedAt: base.changedAt,
        expiresAt: base.changedAt + 3_600_000,
        steps: [],
        quorum: 1,
        seal: '',
        votes: [],
      },
    };
    const notice = noticeOf('approval', waiting);
    expect(notice).toMatchObject({ title: 'code_generator_001: approve the respawn?', recommendedAction: 'respawn' });
    expect(notice.text).toContain('It expires in 1h and is then handed over to a person.');
    expect(notice.text).toContain('praetorian approve inc_01');
    expect(notice.text).toContain('Tried: restart (failed).');
  });

  it('hands over with the reason, what was tried and the details a person needs', () => {
    const escalated: Incident = {
      ...base,
      state: 'escalated',
      escalatedAt: 0,
      attempts: [attempt],
      reason: { code: 'ladder-exhausted', text: '' },
      because: { code: 'ladder-exhausted', text: 'No rung is left', remedy: 'Look at the logs' },
      assessment: { ...base.assessment, dataLossRisk: true },
    };
    const notice = noticeOf('escalated', escalated);
    expect(notice.recommendedAction).toBe('manual_investigation');
    expect(notice.text).toBe(
      'code_generator_001 (group generators) is handed over to a person: No rung is left. Look at the logs. ' +
        'Severity 3 of 10 (state 2, recurrence 1). Tried: restart (failed). Data may be lost. The guard does nothing more to it by itself.',
    );
    expect(notice.failureDetails).toEqual({
      state: 'escalated', health: 'failed', signature: 'silent', openedAt: 1_000, reason: 'ladder-exhausted',
      findings: ['no heartbeat for 92s (timeout 90s)'], instance: 'i-1', severity: 3, dataLossRisk: true,
      factors: [{ name: 'state', share: 2 }, { name: 'recurrence', share: 1 }],
      attempts: [{ number: 1, rung: 'restart', verdict: 'failed' }],
    }); // prettier-ignore
  });

  it('says after a failed recovery that the breaker stays open and another strategy follows', () => {
    const notice = noticeOf('recovery-failed', { ...open, attempts: [attempt] });
    expect(notice.text).toContain('Tried: restart (failed). Its breaker stays open');
    expect(notice.text).toContain('Another strategy is tried next');
  });

  it('says after a recovery what healed it and how long it took', () => {
    const healed: Incident = {
      ...base,
      state: 'resolved',
      outcome: 'healed',
      resolvedAt: 0,
      attempts: [{ ...attempt, verdict: 'healed' }],
      because: { code: 'watch-passed', text: 'It stayed healthy through 5m of watch.' },
    };
    expect(noticeOf('recovered', healed).text).toBe(
      'code_generator_001 (group generators) is healthy again after 5m12s: It stayed healthy through 5m of watch. ' +
        'Tried: restart (healed). Its breaker is closed and work is routed to it.',
    );
    expect(noticeOf('resolved', healed).title).toBe('code_generator_001: resolved (healed)');
  });

  it('names the attempt under way', () => {
    const { verdict: _verdict, endedAt: _endedAt, ...current } = attempt;
    const notice = noticeOf('progress', { ...base, state: 'acting', attempt: current });
    expect(notice).toMatchObject({
      recommendedAction: 'restart',
      text: expect.stringContaining('Tried: restart (under way).') as unknown,
    });
  });
});
