import { createRig, type Rig } from '@praetorian-guard/core/testing';
import { beforeEach, expect, it } from 'vitest';
import { Book, type Kept, type Present } from './book.ts';
import { Endings } from './endings.ts';

const day = 24 * 3_600_000;

let rig: Rig;
let book: Book;
beforeEach(() => {
  rig = createRig();
  book = new Book(rig.state, new Endings());
});

const there = (isAgent: Present['isAgent'], ...containers: string[]): Present => ({
  isAgent,
  isContainer: (id) => containers.includes(id),
});

async function stored(): Promise<string[]> {
  const entries = await rig.state.list('agent/', { limit: 10 });
  return entries.map(({ key }) => key);
}

it('forgets an agent that has had no container for a week, and nobody else', async () => {
  const kept: Kept = { containerId: 'c9', name: 'kept', key: 'k', by: '', since: 0, running: true };
  for (const agentId of ['gone', 'there', 'back', 'kept']) book.generation(agentId, 'c1', undefined);
  await book.change('kept', (entry) => ({ ...entry, kept: [kept] }));
  book.forgetGone(
    there((agentId) => agentId === 'there'),
    0,
  );
  await book.flush(undefined);
  expect(await stored()).toHaveLength(4);
  book.forgetGone(
    there((agentId) => agentId !== 'gone'),
    6 * day,
  );
  book.forgetGone(
    there((agentId) => agentId === 'there'),
    8 * day,
  );
  await book.flush(undefined);
  expect(await stored()).toEqual(['agent/back', 'agent/kept', 'agent/there']);
  expect(book.get('gone').lastGeneration).toBe(0);
  expect(book.get('back').lastGeneration).toBe(1);
});

it('remembers over a restart since when an agent is gone', async () => {
  book.generation('gone', 'c1', undefined);
  book.forgetGone(
    there(() => false),
    0,
  );
  await book.flush(undefined);
  const next = new Book(rig.state, new Endings());
  await next.load();
  next.forgetGone(
    there(() => false),
    8 * day,
  );
  await next.flush(undefined);
  expect(await stored()).toEqual([]);
});

it('forgets the networks of an isolated container once it is gone, and then its agent like any other', async () => {
  const isolate = (agentId: string, containerId: string) =>
    book.change(agentId, (entry) => ({ ...entry, isolated: { containerId, networks: { front: {} } } }));
  await isolate('web', 'c1');
  await isolate('db', 'c2');
  await isolate('back', 'c3');
  const kept: Kept = { containerId: 'c3', name: 'back', key: 'k', by: 'c4', since: 0, running: true };
  await book.change('back', (entry) => ({ ...entry, kept: [kept] }));
  const now = there((agentId) => agentId !== 'web', 'c2');
  book.forgetGone(now, 0);
  expect([book.isolatedFrom('c1'), book.isolatedFrom('c2'), book.isolatedFrom('c3')]).toEqual([
    undefined,
    { front: {} },
    { front: {} },
  ]);
  await book.flush(undefined);
  expect((await rig.state.get('agent/web'))?.value).not.toHaveProperty('isolated');
  book.forgetGone(now, 8 * day);
  await book.flush(undefined);
  expect(await stored()).toEqual(['agent/back', 'agent/db']);
});
