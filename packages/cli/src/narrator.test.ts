import type { AnyGuardEvent, Incident } from '@praetorian-guard/core/plugin';
import { expect, test } from 'vitest';
import { type Line, Narrator } from './narrator.ts';

const incident = (more: object): Incident =>
  ({
    id: 'inc_1',
    agentId: 'workers.1',
    openedAt: 1_000,
    attempts: [],
    because: { code: 'x', text: 'Because.' },
    ...more,
  }) as unknown as Incident;
const narrate = (event: AnyGuardEvent): Line | undefined => new Narrator().tell(event);
const event = (type: string, data: object): AnyGuardEvent => ({ type, seq: 1, at: 0, data }) as AnyGuardEvent;
const changed = (
  type: string,
  reason: { code: string; text: string; remedy?: string },
  more: object = {},
): AnyGuardEvent =>
  event('incident.changed', { incident: incident({ state: 'open', ...more }), entry: { type, reason } });

test('a change of health says from what to what', () => {
  const line = narrate(event('agent.health-changed', { agentId: 'workers.1', from: 'healthy', to: 'failed' }));
  expect(line).toEqual({ subject: 'workers.1', text: 'healthy → failed', tone: 'bad' });
});

test('under watch an agent counts as degraded, which is no bad news', () => {
  const narrator = new Narrator();
  const health = (to: string) => event('agent.health-changed', { agentId: 'workers.1', from: 'healthy', to });
  narrator.tell(changed('watch-started', { code: 'watch-started', text: 'Watched.' }, { state: 'watching' }));
  expect(narrator.tell(health('degraded'))).toMatchObject({
    text: 'healthy → degraded until the watch is over',
    tone: 'dim',
  });
  narrator.tell(changed('attempt-ended', { code: 'watch-failed', text: 'It failed.' }));
  expect(narrator.tell(health('degraded'))).toMatchObject({ text: 'healthy → degraded', tone: 'warn' });
});

test('an attempt says its rung, its severity and why', () => {
  const attempt = { number: 1, severity: 5, plan: { rung: 'recreate', skipped: ['restart'] } };
  const assessment = { factors: [{ text: 'it has failed' }, { text: 'the same failure twice' }] };
  const more = { state: 'acting', attempt, assessment };
  const chosen = narrate(changed('attempt-started', { code: 'rung-chosen', text: 'Severity 5: recreate.' }, more));
  expect(chosen?.text).toBe(
    'attempt 1: recreate, past restart. Severity 5 (medium): it has failed, the same failure twice.',
  );
  const ordered = narrate(changed('attempt-started', { code: 'operator-respawn', text: 'Ana ordered it.' }, more));
  expect(ordered?.text).toBe('attempt 1: recreate, past restart. Ana ordered it.');
});

test.each([
  ['continue', 'dim'],
  ['fail', 'bad'],
])('a failed step of which a failure means "%s" is told %s', (onFailure, tone) => {
  const attempt = { steps: [{ state: 'finished', onFailure }, { state: 'planned' }] };
  const line = narrate(
    changed('step-finished', { code: 'step-failed', text: 'Step failed.' }, { state: 'acting', attempt }),
  );
  expect(line?.tone).toBe(tone);
});

test('waiting says why; what would end it is for explain', () => {
  const line = narrate(changed('waiting', { code: 'hold', text: 'Ana holds it.', remedy: 'Release hold h1.' }));
  expect(line).toMatchObject({ text: 'waits: Ana holds it.', tone: 'warn', incidentId: 'inc_1' });
});

test('handing over says what a person can do', () => {
  const line = narrate(
    changed('escalated', { code: 'ladder-exhausted', text: 'Nothing is left.', remedy: 'Heal it by hand.' }),
  );
  expect(line).toMatchObject({ text: 'a person has to take over: Nothing is left. Heal it by hand.', tone: 'bad' });
});

test('a plan that needs a person says how to decide', () => {
  expect(narrate(changed('approval-requested', { code: 'mode-approve', text: 'Ask.' }))?.text).toContain(
    'praetorian approve inc_1',
  );
});

test('the end says how, after how long and with how many attempts', () => {
  const resolved = incident({ state: 'resolved', outcome: 'healed', resolvedAt: 13_000, attempts: [{}, {}] });
  expect(narrate(event('incident.resolved', { incident: resolved }))).toMatchObject({
    text: 'healed after 12s with 2 attempts: Because.',
    tone: 'good',
  });
});

test('a message that reached nobody is told here at least', () => {
  const notice = { agentId: 'workers.1', title: 'workers.1 failed' };
  expect(narrate(event('notice.failed', { notice, notifier: 'log', error: 'full' }))?.text).toBe(
    'log did not take "workers.1 failed": full',
  );
});

test.each(['opened', 'ordered', 'step-started', 'watch-check', 'told', 'resolved', 'findings'])(
  'the entry %s repeats others and is left out',
  (type) => {
    expect(narrate(changed(type, { code: 'x', text: 'X.' }))).toBeUndefined();
  },
);

test('an event that a later version adds is passed over', () => {
  expect(narrate(event('moon.risen', {}))).toBeUndefined();
});

test('a storm is told of when it begins and when it is over', () => {
  const storm = { group: 'workers', groups: ['workers'], reason: { code: 'x', text: '5 of 6 are unhealthy.' } };
  expect(narrate(event('storm.opened', { storm }))).toEqual({
    subject: 'workers',
    text: 'storm: 5 of 6 are unhealthy.',
    tone: 'bad',
  });
  const wider = { ...storm, groups: ['workers', 'api'] };
  expect(narrate(event('storm.closed', { storm: wider }))).toMatchObject({ subject: '2 groups', tone: 'good' });
  expect(narrate(event('storm.changed', { storm }))).toBeUndefined();
});
