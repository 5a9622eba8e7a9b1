import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { evidenceKinds, type EvidenceKind, type Finding, signatureOf } from './finding.ts';

const kinds: readonly EvidenceKind[] = ['heartbeat', 'probe', 'orchestrator', 'telemetry', 'errors', 'progress'];
const finding: fc.Arbitrary<Finding> = fc.record({
  id: fc.string(),
  agentId: fc.constant('web.1'),
  detector: fc.constant('d'),
  kind: fc.constant('anomaly' as const),
  evidence: fc.constantFrom(...kinds),
  implies: fc.constantFrom('degraded' as const, 'failed' as const),
  strength: fc.constant(1),
  since: fc.nat(),
  text: fc.string(),
  signature: fc.constantFrom('exit', 'oom', 'slow', 'not-ready', 'heartbeat-timeout'),
});
const findings = fc.array(finding, { maxLength: 8 });

describe('signatureOf', () => {
  it('names the failure: not the order, the number, the moment or the text of the suspicions', () => {
    fc.assert(
      fc.property(findings, fc.nat(), (given, later) => {
        const again = [...given.toReversed(), ...given].map((one) => ({ ...one, since: later, text: 'x', id: 'y' }));
        expect(signatureOf(again)).toBe(signatureOf(given));
      }),
    );
  });

  it('holds every name once, sorted', () => {
    fc.assert(
      fc.property(findings, (given) => {
        const names = [...new Set(given.map(({ signature }) => signature))].sort();
        expect(signatureOf(given).split('+')).toEqual(names.length === 0 ? ['unknown'] : names);
      }),
    );
  });
});

describe('evidenceKinds', () => {
  it('counts a kind once, however many suspicions rest on it', () => {
    fc.assert(
      fc.property(findings, (given) => {
        const evident = given.filter(({ kind }) => kind !== 'anomaly' && kind !== 'flapping');
        expect(evidenceKinds([...given, ...given])).toEqual(new Set(evident.map(({ evidence }) => evidence)));
      }),
    );
  });
});
