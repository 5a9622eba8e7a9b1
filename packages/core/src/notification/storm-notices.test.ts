import { expect, it } from 'vitest';
import type { Storm } from '../model/index.ts';
import { noticeOfStorm } from './storm-notices.ts';

const storm: Storm = {
  id: 'storm_1',
  version: 2,
  state: 'open',
  cause: 'mass-failure',
  group: 'web',
  groups: ['web'],
  members: ['web.1', 'web.2', 'web.3', 'web.4', 'web.5', 'web.6'],
  memberCount: 60,
  reason: { code: 'fleet-breaker-open', text: '60 of 80 agents are unhealthy at once.' },
  breaker: {
    state: 'open',
    trips: 1,
    since: 0,
    reason: { code: 'fleet-breaker-open', text: 'x' },
    coolDownMs: 120_000,
    probeAt: 120_000,
  },
  openedAt: 1_000,
  changedAt: 6_000,
  paged: true,
  told: true,
  timeline: [],
};

it('names how many there are, the first of them, why, and what the guard does', () => {
  const notice = noticeOfStorm('storm', storm);
  expect(notice).toMatchObject({ kind: 'storm', priority: 'critical', incidentId: 'storm_1', agentId: 'web.1' });
  expect(notice.title).toBe('60 agents of group web: mass failure');
  expect(notice.text).toContain('web.1, web.2, web.3, web.4, web.5 and 55 more');
  expect(notice.text).toContain('60 of 80 agents are unhealthy at once.');
  expect(notice.text).toContain('Nothing is done to them for 2m; then one is tried');
});

it('says of silence that nothing is done', () => {
  const text = noticeOfStorm('storm', { ...storm, cause: 'silence', groups: ['web', 'db'] }).text;
  expect(text).toContain('60 agents of 2 groups');
  expect(text).toContain('no proof of their death');
});

it('goes on the same thread when it is over, and says how long it took', () => {
  const over = noticeOfStorm('storm-over', { ...storm, state: 'closed', closedAt: 301_000, version: 9 });
  expect(over).toMatchObject({ kind: 'storm-over', priority: 'info', threadId: 'storm_1' });
  expect(over.text).toContain('is over after 5m');
});

it('says at its end how many are not well yet', () => {
  const standing = { unwell: 4, handedOver: 0 };
  const over = noticeOfStorm('storm-over', { ...storm, state: 'closed', closedAt: 301_000, standing });
  expect(over.text).toContain('4 are not well yet');
});

it('reminds of one that goes on, with how it stands and what the guard has given up on', () => {
  const standing = { unwell: 40, handedOver: 12 };
  const notice = noticeOfStorm('storm', { ...storm, changedAt: 3_606_000, reminded: 1, standing });
  expect(notice.title).toContain('(reminder 1)');
  expect(notice.text).toContain('has lasted 1h5s, and 40 are not well now');
  expect(notice.text).toContain('12 of its incidents are handed over');
});

it('is the same message for the same storm', () => {
  expect(noticeOfStorm('storm', storm)).toEqual(noticeOfStorm('storm', storm));
});
