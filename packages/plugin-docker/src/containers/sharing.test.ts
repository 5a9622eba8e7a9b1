import { afterEach, beforeEach, expect, it } from 'vitest';
import { EngineError } from '../engine/engine-error.ts';
import { WatcherBench } from '../../test/watcher-bench.ts';
import { inWords, networkSharers, sharers } from './sharing.ts';

let bench: WatcherBench;
beforeEach(() => void (bench = new WatcherBench()));
afterEach(() => bench.watcher.stop());

/** An agent, and who lives in it: one agent, the others not. */
async function parts() {
  bench.put('web');
  bench.put('agent', { host: { PidMode: 'container:web' } });
  await bench.start();
  bench.engine.put('proxy', { networkMode: 'container:web' });
  bench.engine.put('cache', { host: { IpcMode: 'container:web', PidMode: 'container:web' } });
  bench.engine.put('other', { networkMode: 'container:proxy' });
  bench.engine.asked.length = 0;
  return { engine: bench.engine.engine, roster: bench.roster, log: bench.rig.log };
}

const found = (some: Awaited<ReturnType<typeof sharers>>): readonly string[] =>
  some.map(({ name, space }) => `${name}: ${space}`).toSorted((a, b) => a.localeCompare(b));

it('who lives in a container is known of agents and of others, in whatever they share', async () => {
  const living = await sharers(await parts(), ['web']);
  expect(found(living)).toEqual([
    'agent: process space',
    'cache: process space',
    'cache: shared memory',
    'proxy: network',
  ]);
  expect(inWords(living.filter(({ name }) => name === 'cache'))).toBe(
    'cache lives in the process space, shared memory of',
  );
});

it('who lives in a network is known from the list alone', async () => {
  expect(found(await networkSharers(await parts(), ['web']))).toEqual(['proxy: network']);
  expect(bench.engine.asked).toEqual(['list']);
});

it('strangers that the engine is stuck on hide nobody else', async () => {
  const given = await parts();
  const stuck = async (): Promise<never> => Promise.reject(new EngineError('stuck', { lost: true }));
  for (const id of ['proxy', 'cache', 'other']) bench.engine.trouble.set(id, [stuck]);
  expect(found(await sharers(given, ['web']))).toEqual(['agent: process space', 'proxy: network']);
  expect(bench.warnings()).toContain('who else lives in a container could not be found out');
});
