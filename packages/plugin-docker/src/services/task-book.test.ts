import { createRig } from '@praetorian-guard/core/testing';
import { expect, test } from 'vitest';
import { TaskBook } from './task-book.ts';

test('generations count up by agent, and the next guard goes on from them', async () => {
  const { state } = createRig();
  const book = new TaskBook(state);
  await book.load();
  expect([book.generation('a', 't1'), book.generation('a', 't2'), book.generation('b', 't3')]).toEqual([1, 2, 1]);
  expect(book.generation('a', 't1')).toBe(1);
  await book.flush();
  const next = new TaskBook(state);
  await next.load();
  expect([next.generation('a', 't2'), next.generation('a', 't4')]).toEqual([2, 3]);
  expect([next.lastTask('a'), next.lastTask('nobody')]).toEqual(['t4', undefined]);
});

test('a generation that was promised is the next one, and never a lower one', () => {
  const book = new TaskBook(createRig().state);
  book.promise('a', 5);
  expect(book.generation('a', 't1')).toBe(5);
  book.promise('a', 3);
  expect(book.generation('a', 't2')).toBe(6);
});

test('an agent that is gone for a week is forgotten, and one that comes back in time is not', async () => {
  const { state } = createRig();
  const book = new TaskBook(state);
  for (const agentId of ['stays', 'back', 'gone']) book.generation(agentId, `${agentId}-1`);
  const day = 24 * 3_600_000;
  const look = (here: readonly string[], days: number): void =>
    book.forgetGone((agentId) => here.includes(agentId), days * day);
  look(['stays'], 0);
  look(['stays', 'back'], 3);
  look(['stays'], 8);
  await book.flush();
  const next = new TaskBook(state);
  await next.load();
  expect(['stays', 'back', 'gone'].map((agentId) => next.lastTask(agentId))).toEqual(['stays-1', 'back-1', undefined]);
});

test('the last receipts are kept over the end of the guard', async () => {
  const { state } = createRig();
  const book = new TaskBook(state);
  await book.load();
  for (let n = 0; n < 60; n += 1) await book.record({ key: `k${n}`, at: n, result: 'superseded', text: '' });
  const next = new TaskBook(state);
  await next.load();
  expect([next.receipt('k59')?.at, next.receipt('k0')]).toEqual([59, undefined]);
});

test('what could not be written is written the next time', async () => {
  const { state } = createRig();
  let broken = true;
  const flaky = Object.assign(Object.create(state) as typeof state, {
    commit: (...given: Parameters<typeof state.commit>) =>
      broken ? Promise.reject(new Error('no store')) : state.commit(...given),
  });
  const book = new TaskBook(flaky);
  book.generation('a', 't1');
  await expect(book.flush()).rejects.toThrow('no store');
  broken = false;
  await book.flush();
  const next = new TaskBook(state);
  await next.load();
  expect(next.lastTask('a')).toBe('t1');
});
