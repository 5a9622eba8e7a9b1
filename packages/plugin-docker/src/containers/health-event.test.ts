import { expect, it } from 'vitest';
import { containerFacts } from '../../test/plain-engine.ts';
import { healthEvent, verdictEvent } from './health-event.ts';
import { instanceOf, type Member } from './member.ts';

const second = 1_000_000_000;

function member(Healthcheck?: object): Member {
  const facts = containerFacts('web', Healthcheck ? { config: { Healthcheck } } : {});
  return { facts, agentId: 'web', name: 'web', group: 'web', generation: 1, instanceId: 'web~1', inHand: false };
}

const Test = ['CMD', 'look'];

it.each([
  ['as many checks on end as make it unhealthy', { Test, Interval: 10 * second, Retries: 5 }, 50_000],
  ['what the engine takes where nothing is said', { Test }, 90_000],
  ['one more check with all its time', { Test, Interval: 5 * second, Timeout: 30 * second, Retries: 1 }, 35_000],
])('a verdict of unhealthy says how long that took: %s', (_, healthcheck, failedForMs) => {
  expect(verdictEvent(member(healthcheck), 'unhealthy', 'no answer')).toMatchObject({
    failedForMs,
    detail: 'no answer',
  });
});

it('says it of no other', () => {
  expect(verdictEvent(member({ Test }), 'healthy', 'fine')).not.toHaveProperty('failedForMs');
  expect(healthEvent(member({ Test }), 'unhealthy', 'it fails')).not.toHaveProperty('failedForMs');
});

it('an instance says whether its engine checks it', () => {
  const reach = { reach: 'container', host: '', networkOf: () => undefined } as const;
  expect(instanceOf(member({ Test }), reach)).toMatchObject({ checked: true });
  expect(instanceOf(member({ Test: ['NONE'] }), reach)).not.toHaveProperty('checked');
  expect(instanceOf(member(), reach)).not.toHaveProperty('checked');
});
