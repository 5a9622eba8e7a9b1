import { expect, it } from 'vitest';
import { containerFacts } from '../../test/plain-engine.ts';
import { healthEvent, healthOf, lastLine } from './health-event.ts';
import { instanceOf, type Member } from './member.ts';

const second = 1_000_000_000;
const now = Date.UTC(2026, 0, 1);
const at = (agoMs: number): string => new Date(now - agoMs).toISOString();
const Test = ['CMD', 'look'];

/** A check that ended some ms ago. */
const check = (agoMs: number, tookMs = 0) => ({
  Start: at(agoMs + tookMs),
  End: at(agoMs),
  ExitCode: 1,
  Output: 'no answer',
});

function member(Healthcheck?: object, Log: readonly object[] = [check(1_000)], Status = 'unhealthy'): Member {
  const facts = containerFacts('web', {
    state: { Health: { Status, FailingStreak: Log.length, Log } },
    ...(Healthcheck ? { config: { Healthcheck } } : {}),
  });
  const named = { agentId: 'web', name: 'web', group: 'web', generation: 1, instanceId: 'web~1' };
  return { ...named, facts, inHand: false, leaving: false };
}

it.each([
  ['as many checks on end as make it unhealthy', { Test, Interval: 10 * second, Retries: 5 }, [check(1_000)], 50_000],
  ['what the engine takes where nothing is said', { Test }, [check(1_000)], 90_000],
  [
    'one more check with all its time',
    { Test, Interval: 5 * second, Timeout: 30 * second, Retries: 1 },
    [check(9)],
    35_000,
  ],
  [
    'the time that checks took which were late',
    { Test, Interval: 5 * second, Timeout: 60 * second, Retries: 3 },
    [check(200_000, 60_000), check(135_000, 60_000), check(70_000, 60_000), check(5_000, 60_000)],
    190_000,
  ],
])('a verdict of unhealthy lasts when it has stood for %s', (_, healthcheck, log, lastsInMs) => {
  expect(healthOf(member(healthcheck, log), now)).toMatchObject([
    { event: 'unhealthy', detail: 'no answer', lastsInMs },
  ]);
});

it('says of no other in what time it lasts: of one that is old, of a single failure, of one that is well', () => {
  const old = member({ Test, Interval: second, Timeout: second }, [check(5_000)]);
  expect(healthOf(old, now)).toMatchObject([{ event: 'unhealthy' }]);
  expect(healthOf(old, now)[0]).not.toHaveProperty('lastsInMs');
  expect(healthEvent(old, { detail: 'it fails' })).not.toHaveProperty('lastsInMs');
  expect(healthOf(member({ Test }, [], 'healthy'), now)).toEqual([
    { type: 'lifecycle', agentId: 'web', instanceId: 'web~1', event: 'healthy' },
  ]);
});

it('an instance says whether its engine checks it', () => {
  const reach = { reach: 'container', host: '', holderOf: () => undefined } as const;
  expect(instanceOf(member({ Test }), reach)).toMatchObject({ checked: true });
  expect(instanceOf(member({ Test: ['NONE'] }), reach)).not.toHaveProperty('checked');
  expect(instanceOf(member(), reach)).not.toHaveProperty('checked');
});

it('of what a check printed the last line is told, and of a long one no half of a word', () => {
  expect(lastLine('first\nno answer\n')).toBe('no answer');
  expect(lastLine('')).toBe('');
  const long = `${'x'.repeat(180)} https://bob:hunter2hunter2@store/`;
  expect(lastLine(long)).toBe(`${'x'.repeat(180)}…`);
  expect(lastLine(`${'x'.repeat(192)}, hunter2`)).toBe(`${'x'.repeat(192)},…`);
  expect(lastLine('x'.repeat(201))).toBe('…');
  expect(lastLine('x'.repeat(200))).toBe('x'.repeat(200));
});
