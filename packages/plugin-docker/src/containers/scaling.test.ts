import { afterEach, beforeEach, expect, it } from 'vitest';
import { WatcherBench } from '../../test/watcher-bench.ts';
import { Scaling } from './scaling.ts';

let bench: WatcherBench;
beforeEach(() => void (bench = new WatcherBench()));
afterEach(() => bench.watcher.stop());

it('writes down that it ends a container before it does: after a crash that is not taken for the hand of a person', async () => {
  const labels = { 'praetorian.group': 'web' };
  for (const id of ['web.1', 'web.2']) bench.put(id, { labels });
  await bench.start();
  const { book, roster, rig } = bench;
  const calls: unknown[] = [];
  const engine = {
    stop: async (id: string) => void calls.push(id, (await rig.state.get(`agent/${id}`))?.value),
    remove: async (id: string) => void calls.push(id),
  };
  const scaling = new Scaling({ engine: engine as never, book, roster, maker: {} as never, graceMs: 0 });
  const before = { key: 'k', replicas: 2, template: 'web.2', add: [], remove: ['web.2'] };
  await scaling.scale({ kind: 'scale', group: 'web', replicas: 1 }, before, 'k', 30_000);
  expect(calls).toEqual(['web.2', expect.objectContaining({ endedBy: 'k' }), 'web.2']);
  expect(roster.members('web')).toEqual(['web.1']);
});

it('gives a container that goes the time it wants itself where that is longer, as far as there is any', async () => {
  const timeouts = [undefined, 5, 20, 60, -1];
  const labels = { 'praetorian.group': 'web' };
  const ids = timeouts.map((_, at) => `web.${at}`);
  for (const [at, StopTimeout] of timeouts.entries()) bench.put(`web.${at}`, { labels, config: { StopTimeout } });
  await bench.start();
  const { book, roster } = bench;
  const graces = new Map<string, number>();
  const engine = { stop: async (id: string, ms: number) => void graces.set(id, ms), remove: async () => undefined };
  const scaling = new Scaling({ engine: engine as never, book, roster, maker: {} as never, graceMs: 10_000 });
  const before = { key: 'k', replicas: 5, template: 'web.0', add: [], remove: ids };
  await scaling.scale({ kind: 'scale', group: 'web', replicas: 0 }, before, 'k', 30_000);
  expect(ids.map((id) => graces.get(id))).toEqual([10_000, 10_000, 20_000, 30_000, 30_000]);
});
