import type { Explanation } from '@praetorian-guard/core/plugin';
import { expect, test } from 'vitest';
import { plain } from '../style.ts';
import { explanationText } from './explain.ts';

const at = Date.UTC(2026, 0, 1, 12);

const open: Explanation = {
  subject: { agentId: 'web.2', incidentId: 'inc_1' },
  summary: 'web.2 is failed. Nothing is being done now: Group web is in mode dry-run; the guard would restart web.2.',
  health: 'failed',
  decisions: [{ reason: { code: 'mode-dry-run', text: 'Group web is in mode dry-run.' } }],
  wouldChange: ['Set groups.web.mode to auto or approve.'],
  rules: [
    { rule: 'owner', verdict: 'proceed', reason: { code: 'proceed', text: 'This guard owns the group.' } },
    {
      rule: 'mode',
      verdict: 'wait',
      untilMs: 0,
      reason: { code: 'mode-dry-run', text: 'Group web is in mode dry-run.', remedy: 'Set it to auto.' },
    },
    { rule: 'attempts', verdict: 'refuse', reason: { code: 'attempt-budget-exhausted', text: 'web.2 has used up 3.' } },
  ],
  seen: ['It has been failed for 5s.'],
  story: [{ at, text: 'the instance ended with code 137' }],
  timeline: [],
};

test('an explanation begins with the whole, and a rule that objects is not lost among the others', () => {
  const lines = explanationText(plain, open).split('\n');
  expect(lines[0]).toBe(open.summary);
  const table = lines.slice(lines.findIndex((line) => line.startsWith('the gate')));
  expect(table.slice(1, 5)).toEqual([
    '  RULE      SAYS  WHY',
    '  mode      wait  Group web is in mode dry-run. Set it to auto.',
    '  attempts  no    web.2 has used up 3.',
    '  1 say yes: owner',
  ]);
  expect(lines).toContain('  Set groups.web.mode to auto or approve.');
  expect(lines.at(-1)).toMatch(/^ {2}\d\d:\d\d:\d\d {2}the instance ended with code 137$/);
});

test('where nothing objects, that is said', () => {
  const text = explanationText(plain, { ...open, rules: (open.rules ?? []).slice(0, 1) });
  expect(text).toContain('\n  all 1 say yes: owner\n');
  expect(text).not.toContain('RULE');
});
