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
      reason: { code: 'mode-dry-run', text: 'Group web is in mode dry-run.' },
    },
    { rule: 'attempts', verdict: 'refuse', reason: { code: 'attempt-budget-exhausted', text: 'web.2 has used up 3.' } },
  ],
  seen: ['It has been failed for 5s.'],
  story: [{ at, text: 'the instance ended with code 137' }],
  timeline: [],
};

test('an explanation begins with the whole, and lists every rule with what it says', () => {
  const lines = explanationText({ style: plain }, open).split('\n');
  expect(lines[0]).toBe(open.summary);
  const table = lines.slice(lines.findIndex((line) => line.startsWith('the gate')));
  expect(table.slice(1, 5)).toEqual([
    '  RULE      SAYS  WHY',
    '  owner     yes   This guard owns the group.',
    '  mode      wait  Group web is in mode dry-run.',
    '  attempts  no    web.2 has used up 3.',
  ]);
  expect(lines).toContain('  Set groups.web.mode to auto or approve.');
  expect(lines.at(-1)).toMatch(/^ {2}\d\d:\d\d:\d\d {2}the instance ended with code 137$/);
});

test('the summary is wrapped between words at the width of the terminal', () => {
  const [first = '', second = ''] = explanationText({ style: plain, columns: 60 }, open).split('\n');
  expect(first.length).toBeLessThanOrEqual(60);
  expect(open.summary.startsWith(`${first} ${second}`)).toBe(true);
});
