import type { Storm } from '@praetorian-guard/core/plugin';
import { expect, test } from 'vitest';
import { stormLine, stormText } from './storm-text.ts';
import { plain } from './style.ts';

const storm: Storm = {
  id: 'storm_1',
  version: 3,
  state: 'open',
  cause: 'mass-failure',
  group: 'web',
  groups: ['web'],
  members: ['web.1', 'web.2'],
  memberCount: 60,
  reason: { code: 'fleet-breaker-open', text: '60 of 80 agents are unhealthy at once.' },
  breaker: {
    state: 'half-open',
    trips: 1,
    since: 0,
    reason: { code: 'proceed', text: '' },
    coolDownMs: 1,
    allowed: 2,
    successes: 1,
  },
  openedAt: 1_000,
  changedAt: 2_000,
  paged: true,
  told: false,
  timeline: [{ at: 1_000, type: 'opened', text: 'Too many.' }],
};
test('a storm is one line that says how many, where and why', () => {
  const line = stormLine(plain, storm);
  expect(line).toContain('60 agents of web');
  expect(line).toContain('storm_1');
  expect(line).toContain('60 of 80 agents are unhealthy at once.');
});

test('a storm in full names its agents, its breaker and whether people know', () => {
  const text = stormText(plain, storm);
  expect(text).toContain('web.1, web.2 and 58 more');
  expect(text).toContain('half-open, 2 canaries at once');
  expect(text).toContain('could not be reached so far');
  expect(text).toContain('Too many.');
});
