import { createRig, type Rig } from '@praetorian-guard/core/testing';
import { beforeEach, expect, it } from 'vitest';
import { Book, type Kept } from './book.ts';
import { Endings } from './endings.ts';

const day = 24 * 3_600_000;

let rig: Rig;
let book: Book;
beforeEach(() => {
  rig = createRig();
  book = new Book(rig.state, new Endings());
});

async function stored(): Promise<string[]> {
  const entries = await rig.state.list('agent/', { limit: 10 });
  return entries.map(({ key }) => key);
}

it('forgets an agent that has had no container for a week, and nobody else', async () => {
  const kept: Kept = { containerId: 'c9', name: 'kept', key: 'k', by: '', since: 0, running: true };
  for (const agentId of ['gone', 'there', 'back', 'kept']) book.generation(agentId, 'c1', undefined);
  await book.change('kept', (entry) => ({ ...entry, kept: [kept] }));
  book.forgetGone((agentId) => agentId === 'there', 0);
  await book.flush(undefined);
  expect(await stored()).toHaveLength(4);
  book.forgetGone((agentId) => agentId !== 'gone', 6 * day);
  book.forgetGone((agentId) => agentId === 'there', 8 * day);
  await book.flush(undefined);
  expect(await stored()).toEqual(['agent/back', 'agent/kept', 'agent/there']);
  expect(book.get('gone').lastGeneration).toBe(0);
  expect(book.get('back').lastGeneration).toBe(1);
});

it('remembers over a restart since when an agent is gone', async () => {
  book.generation('gone', 'c1', undefined);
  book.forgetGone(() => false, 0);
  await book.flush(undefined);
  const next = new Book(rig.state, new Endings());
  await next.load();
  next.forgetGone(() => false, 8 * day);
  await next.flush(undefined);
  expect(await stored()).toEqual([]);
});
