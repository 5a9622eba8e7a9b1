import { describe, expect, it } from 'vitest';
import type { DecideFacts } from '../../src/incident/index.ts';
import { decide } from '../../src/incident/index.ts';
import type { RuleResult } from '../../src/model/index.ts';
import { facts, finding, openIncident, plan } from './fixtures.ts';

const mode: RuleResult = {
  rule: 'mode',
  verdict: 'wait',
  untilMs: 32_000,
  reason: { code: 'mode-dry-run', text: 'the group is in mode dry-run' },
};
const backoff: RuleResult = {
  rule: 'backoff',
  verdict: 'wait',
  untilMs: 9_000,
  reason: { code: 'backoff', text: 'too early' },
};
const waits = (rules: readonly RuleResult[], change: Partial<DecideFacts> = {}): DecideFacts =>
  facts({ verdict: { verdict: 'wait', untilMs: 32_000, reason: mode.reason, rules }, ...change });
const due = { type: 'due' } as const;

describe('mode dry-run', () => {
  it('records what would have been done, with rung and steps, and does nothing', () => {
    const { incident, entry, begins } = decide(openIncident(), due, waits([mode]));
    expect(begins).toBe(false);
    expect(incident).toMatchObject({ state: 'open', attempts: [], because: { code: 'mode-dry-run' } });
    expect(entry).toMatchObject({
      type: 'would-have',
      data: { rung: 'restart', steps: ['1-evidence', '2-restart'], instance: 'web.1@1' },
    });
    expect(entry?.reason.text).toContain('would restart web.1 now');
  });

  it('records it once, and again when it would be something else', () => {
    const { incident } = decide(openIncident(), due, waits([mode]));
    expect(decide(incident, due, waits([mode], { now: 40_000 })).entry).toBeUndefined();
    const respawn = { ...plan, rung: 'respawn', recommendedAction: 'respawn' } as const;
    const proposal = { act: true, value: respawn, reason: { code: 'rung-chosen', text: 'worse' } } as const;
    expect(decide(incident, due, waits([mode], { proposal })).entry).toMatchObject({ data: { rung: 'respawn' } });
  });

  it('says what else stands in the way, as it would without the mode', () => {
    const waiting = decide(openIncident(), due, waits([mode, backoff]));
    expect(waiting.entry).toMatchObject({ type: 'waiting', reason: { code: 'backoff' } });
    expect(waiting.incident).toMatchObject({ nextAt: 9_000 });
    expect(decide(waiting.incident, due, waits([mode])).entry).toMatchObject({ type: 'would-have' });
  });

  it('says that a person would have been asked', () => {
    const needsApproval = { code: 'approval-required', text: 'Severity 9 is critical.' } as const;
    const proposal = {
      act: true,
      value: { ...plan, needsApproval },
      reason: { code: 'rung-chosen', text: 'critical' },
    } as const;
    const { entry, incident } = decide(openIncident(), due, waits([mode], { proposal }));
    expect(incident.state).toBe('open');
    expect(entry?.reason.text).toContain('ask a person to approve a restart of web.1');
  });

  it('still hears of a picture that changes', () => {
    const { incident } = decide(openIncident(), due, waits([mode]));
    const other = { ...finding, id: 'probe:down', kind: 'probe-failed' as const };
    const findings = [finding, other];
    const joined = decide(incident, { type: 'findings', findings, health: 'failed' }, waits([mode], { findings }));
    expect(joined.entry).toMatchObject({ type: 'findings', reason: { code: 'finding-joined' } });
  });
});
