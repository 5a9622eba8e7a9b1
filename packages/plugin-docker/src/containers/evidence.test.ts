import { createRig } from '@praetorian-guard/core/testing';
import { expect, test } from 'vitest';
import { containerFacts, type PlainContainer } from '../../test/plain-engine.ts';
import { evidenceOf } from './evidence.ts';

const { clock } = createRig();

async function textsOf(given: PlainContainer): Promise<{ readonly [label: string]: string }> {
  const engine = { logs: async () => undefined, container: async () => containerFacts('web', given) };
  const call = { signal: new AbortController().signal, traceId: 'test' };
  const items = await evidenceOf({ engine, clock, logLines: 5 }, 'web', call);
  return Object.fromEntries(items.map(({ label, text }) => [label, text]));
}

test('of the command it holds no value of an option', async () => {
  const config = { Entrypoint: ['/entrypoint.sh'], Cmd: ['redis-server', '--requirepass', 'hunter2'] };
  const { container = '{}' } = await textsOf({ config });
  expect(JSON.parse(container)).toMatchObject({ command: '/entrypoint.sh redis-server --requirepass …' });
  expect(container).not.toContain('hunter2');
});

test('holds what the last health checks printed, whole and unquoted, so that a secret in it is seen to be one', async () => {
  const printed = `{"password":"hunter2"}${'x'.repeat(600)}`;
  const check = (at: number) => ({ End: `2026-01-01T00:00:0${at}Z`, ExitCode: at, Output: `${printed}\n` });
  const Health = { Status: 'unhealthy', FailingStreak: 4, Log: [1, 2, 3, 4].map(check) };
  const { state = '{}', 'health check': checks } = await textsOf({ state: { Health } });
  expect(JSON.parse(state)).toMatchObject({ health: { status: 'unhealthy', failing: 4 } });
  expect(checks).toBe([2, 3, 4].map((at) => `2026-01-01T00:00:0${at}Z exit code ${at}\n${printed}`).join('\n'));
});

test('holds nothing of checks where there are none', async () => {
  expect(Object.keys(await textsOf({}))).toEqual(['state', 'container']);
});
