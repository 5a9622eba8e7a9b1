import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { agent, finding } from '../../test/decision-fixtures.ts';
import type { ExpressionFacts } from './expression.ts';
import { ask, faultOf } from './expression.ts';

const facts = (change: Partial<ExpressionFacts> = {}): ExpressionFacts => ({
  agent: { ...agent, labels: { team: 'core' }, criticality: 2 },
  health: 'failed',
  findings: [
    finding(),
    finding({
      id: 'e',
      kind: 'errors',
      text: 'bad checksum on disk 3',
      signature: 'errors:checksum',
      data: { code: 5 },
    }),
  ],
  metrics: { error_rate: 0.5 },
  failures: 3,
  recurrence: 1,
  attempts: 0,
  signature: 'errors:checksum+exited',
  ...change,
});

describe('an expression', () => {
  it.each([
    ['finding.kind == "errors" && finding.text.glob("*checksum*")', true],
    ['finding.kind == "errors" && finding.text.glob("*oom*")', false],
    ['finding.data.code == 5.0', true],
    ['"team" in agent.labels && agent.labels.team == "core"', true],
    ['has(agent.labels.owner) && agent.labels.owner == "ann"', false],
    ['metrics.error_rate >= 0.5', true],
    ['failures > 2 && recurrence == 1 && attempts == 0', true],
    ['agent.criticality == 2 && agent.id == "web.1" && agent.role == ""', true],
    ['health == "failed" && signature.glob("*+exited")', true],
    ['["web", "db"].exists(group, group == agent.group)', true],
  ])('%s → %s', (text, holds) => {
    expect(faultOf(text)).toBeUndefined();
    // One finding lacks `code`, the other has it: that it holds for one is enough.
    expect(ask(text, facts())).toEqual({ known: true, holds });
  });

  it('that asks about findings does not hold while there are none', () => {
    expect(ask('finding.kind != ""', facts({ findings: [] }))).toEqual({ known: true, holds: false });
  });

  it('that misses what it asks about says so instead of answering', () => {
    expect(ask('agent.labels.owner == "ann"', facts())).toEqual({ known: false, why: 'No such key: owner' });
    expect(ask('finding.data.code > 1.0 && finding.data.missing == 1', facts())).toMatchObject({ known: false });
  });

  it.each([
    ['finding.kinds == "x"', /kinds/],
    ['finding.kind ==', /EOF/],
    ['unknown > 1', /unknown/],
    ['1 + 1', /gives int/],
    ['finding.text.matches("^(a+)+$")', /matches/],
    ['finding.text.split("").join(finding.text).size() > 5', /(split|join)\(\) is not to be had/],
    ['cel.bind(x, finding.text + finding.text, cel.bind(y, x + x, size(y + y) > 1))', /bind\(\) is not to be had/],
    ['[1, 2].exists(a, [3].exists(b, a == b))', /loop/],
    [`failures > 1 ${'|| failures > 1 '.repeat(80)}`, /characters|nodes|exceed/i],
    [`[${'1,'.repeat(60)}1].exists(a, a == 1)`, /exceed|elements|limit/i],
  ])('is refused before it is used: %s', (text, why) => {
    expect(faultOf(text)?.why).toMatch(why);
    expect(faultOf(text)?.remedy).not.toBe('');
    expect(ask(text, facts())).toMatchObject({ known: false });
  });

  it('cannot reach what is behind the values', () => {
    for (const text of ['finding.constructor == "x"', 'agent.__proto__ == "x"', 'agent.labels.constructor == "x"'])
      expect(ask(text, facts())).not.toEqual({ known: true, holds: true });
  });

  it('never throws, whatever is written', () => {
    const words = fc.constantFrom(
      'finding',
      'agent',
      '.',
      'kind',
      '==',
      '"a"',
      '(',
      ')',
      '&&',
      '!',
      '1',
      '[',
      ']',
      'in',
      '?',
      ':',
    );
    fc.assert(
      fc.property(fc.array(words, { maxLength: 12 }), (parts) => {
        const answer = ask(parts.join(' '), facts());
        expect(typeof answer.known).toBe('boolean');
      }),
    );
  });
});
