import { expect, it } from 'vitest';
import { createVirtualClock } from '../runtime/index.ts';
import { Answers } from './answers.ts';
import type { AnswerLine } from './record-format.ts';

const answer = (given: Partial<AnswerLine>): AnswerLine => ({ k: 'a', p: 'x', n: 1, t: 0, ...given });

function made(lines: readonly AnswerLine[], begun: readonly number[] = [], endMs = 600_000) {
  const clock = createVirtualClock();
  const answers = new Answers(
    {
      answers: new Map([['x', new Map(lines.map((line) => [line.n, line]))]]),
      begun: new Map([['x', new Set(begun)]]),
    },
    clock,
    endMs,
  );
  const act = () =>
    answers.act<unknown>(
      'x',
      () => 'supposed',
      (value) => value,
    );
  const ask = () => answers.ask<unknown>('x', () => 'unknown');
  return { clock, answers, act, ask };
}

async function stateOf(promise: Promise<unknown>): Promise<unknown> {
  return Promise.race([promise, new Promise((resolve) => setImmediate(() => resolve('open')))]);
}

it('a call at the moment of the record is answered when the driver comes to its line', async () => {
  const line = answer({ t: 300, s: 0, v: 'late' });
  const { act, answers } = made([line]);
  const given = act();
  expect(await stateOf(given)).toBe('open');
  answers.arrive(line);
  expect(await given).toBe('late');
});

it('a call at another moment is answered after the time it took on record', async () => {
  const { act, clock } = made([answer({ t: 300, s: 0, v: 'late' })]);
  await clock.advance(1_000);
  const given = act();
  await clock.advance(299);
  expect(await stateOf(given)).toBe('open');
  await clock.advance(1);
  expect(await given).toBe('late');
});

it('one that was never answered on record is not answered now; one that was never made is supposed', async () => {
  const { act, answers } = made([answer({ f: 1, v: 'first' })], [1, 2]);
  expect(await act()).toBe('first');
  expect(await stateOf(act())).toBe('open');
  expect(await act()).toBe('supposed');
  expect([...answers.hypothetical]).toEqual([['x', 1]]);
});

it('a question that waited for its answer when the record ended waits until then', async () => {
  const { ask, clock } = made([answer({ t: 100, s: 0, v: 'quick' })], [], 2_000);
  const first = ask();
  await clock.advance(1_000);
  expect(await stateOf(first)).toBe('open');
  const second = ask();
  await clock.advance(1_000);
  expect(await stateOf(second)).toBe('open');
});

it('one at the end that comes at other moments than on record is answered as the nearest was', async () => {
  const { ask, clock } = made([answer({ t: 100, s: 0, v: 'quick' })], [], 2_000);
  await clock.advance(500);
  const first = ask();
  await clock.advance(100);
  expect(await first).toBe('quick');
  const second = ask();
  await clock.advance(100);
  expect(await second).toBe('quick');
});

it('what was thrown is thrown again, with its code', async () => {
  const e = { code: 'GUARD_AGENT_UNKNOWN', message: 'gone', details: { agentId: 'a' } };
  const { act } = made([answer({ f: 1, e }), answer({ n: 2, f: 1, e: { message: 'socket hang up' } })]);
  await expect(act()).rejects.toMatchObject({ code: 'GUARD_AGENT_UNKNOWN', details: { agentId: 'a' } });
  await expect(act()).rejects.toThrow('socket hang up');
});

it('a question asked more often than on record gets the answer nearest in time, within a minute', async () => {
  const lines = [answer({ n: 1, t: 10_000, f: 1, v: 'a' }), answer({ n: 2, t: 20_000, f: 1, v: 'b' })];
  const { ask, clock } = made(lines);
  await clock.advance(11_000);
  expect(await ask()).toBe('a');
  await clock.advance(1_000);
  expect(await ask()).toBe('a');
  await clock.advance(5_000);
  expect(await ask()).toBe('b');
  await clock.advance(64_000);
  expect(await ask()).toBe('unknown');
});
