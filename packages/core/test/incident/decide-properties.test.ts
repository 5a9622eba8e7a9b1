import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { DecideFacts, IncidentEvent } from '../../src/incident/index.ts';
import { decide } from '../../src/incident/index.ts';
import type { Receipt } from '../../src/model/index.ts';
import { transitions } from '../../src/model/index.ts';
import { assessment, done, effect, facts, finding, openIncident, plan, restart } from './fixtures.ts';

describe('decide: always', () => {
  const reason = { code: 'hold', text: 'x' } as const;
  const event: fc.Arbitrary<IncidentEvent> = fc.oneof(
    fc.constantFrom<IncidentEvent>(
      { type: 'due' },
      { type: 'watch-check' },
      { type: 'approved', by: 'a', seal: 'of a' },
      { type: 'rejected', by: 'a' },
      { type: 'acknowledged', by: 'a' },
      { type: 'released' },
      { type: 'told', notifier: 'log' },
      { type: 'ordered', by: 'a', plan },
      { type: 'findings', findings: [], health: 'healthy' },
      { type: 'findings', findings: [finding], health: 'failed' },
      { type: 'operator-resolved', by: 'a' },
      { type: 'removed' },
    ),
    fc.record({
      type: fc.constant('step-started' as const),
      stepId: fc.constantFrom('1-evidence', '2-restart'),
      key: fc.constant('k'),
      effect: fc.constantFrom(effect, restart),
    }),
    fc.record({
      type: fc.constant('step-refused' as const),
      stepId: fc.constantFrom('1-evidence', '2-restart'),
      reason: fc.constant(reason),
    }),
    fc.record({
      type: fc.constant('step-skipped' as const),
      stepId: fc.constantFrom('1-evidence', '2-restart'),
      reason: fc.constant(reason),
    }),
    fc.record({
      type: fc.constant('step-inadmissible' as const),
      stepId: fc.constantFrom('1-evidence', '2-restart'),
      key: fc.constant('k'),
      effect: fc.constant(restart),
      receipt: fc.constant<Receipt>({ key: 'k', at: 1, result: 'failed', retryable: false, code: 'x', text: 'x' }),
    }),
    fc.record({
      type: fc.constant('step-finished' as const),
      stepId: fc.constantFrom('1-evidence', '2-restart'),
      receipt: fc.constantFrom<Receipt>(
        done,
        { key: 'k', at: 1, result: 'failed', retryable: false, code: 'x', text: 'x' },
        { key: 'k', at: 1, result: 'ambiguous', text: 'x' },
        { key: 'k', at: 1, result: 'superseded', text: 'x' },
      ),
    }),
  );
  const world: fc.Arbitrary<Partial<DecideFacts>> = fc.record({
    now: fc.integer({ min: 2_000, max: 5_000_000 }),
    health: fc.constantFrom('unknown' as const, 'healthy' as const, 'degraded' as const, 'failed' as const),
    findings: fc.constantFrom([], [finding]),
    soundForMs: fc.constantFrom(0, 20_000),
    assessment: fc.integer({ min: 1, max: 10 }).map((severity) => ({ ...assessment, severity })),
    verdict: fc.constantFrom<DecideFacts['verdict']>(
      { verdict: 'proceed', reason, rules: [] },
      { verdict: 'wait', untilMs: 9_000, reason, rules: [] },
      { verdict: 'refuse', reason, rules: [] },
    ),
  });

  it('moves only along the table, counts every line, keeps a reason, and never leaves resolved', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(event, world), { maxLength: 60 }), (events) => {
        let incident = openIncident();
        for (const [one, change] of events) {
          const snapshot = JSON.stringify(incident);
          const decided = decide(incident, one, facts(change));
          expect(JSON.stringify(incident)).toBe(snapshot);
          expect(
            transitions[incident.state].includes(decided.incident.state) || decided.incident.state === 'resolved',
          ).toBe(true);
          expect(decided.incident.version).toBe(incident.version + (decided.entry ? 1 : 0));
          expect(decided.entry?.reason.text).not.toBe('');
          expect(incident.state === 'resolved' && decided.incident !== incident).toBe(false);
          const handedOver = decided.incident.state === 'escalated' && incident.state !== 'escalated';
          expect(decided.notices.includes('escalated')).toBe(handedOver);
          incident = decided.incident;
        }
      }),
    );
  });

  it('gives the same decision for the same input', () => {
    fc.assert(
      fc.property(event, world, (one, change) => {
        expect(decide(openIncident(), one, facts(change))).toEqual(decide(openIncident(), one, facts(change)));
      }),
    );
  });

  it('never begins an attempt the gate does not allow', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(event, world), { maxLength: 60 }), (events) => {
        let incident = openIncident();
        for (const [one, change] of events) {
          const decided = decide(incident, one, facts(change));
          // An approval goes straight to acting: its steps ask the gate when they are applied.
          const byGate = decided.begins && one.type !== 'approved';
          expect(byGate && change.verdict?.verdict !== 'proceed').toBe(false);
          incident = decided.incident;
        }
      }),
    );
  });
});
