import { setImmediate as turn } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ended } from '../../test/plain-engine.ts';
import { WatcherBench } from '../../test/watcher-bench.ts';
import { EngineError } from '../engine/engine-error.ts';

let bench: WatcherBench;
beforeEach(() => {
  bench = new WatcherBench();
});
afterEach(() => bench.watcher.stop());

const never = (): Promise<never> => Promise.reject(new EngineError('took too long', { lost: true }));

describe('a look that fails', () => {
  it('is repeated, so that a container which was started is known to run', async () => {
    bench.put('web', { state: ended(1) });
    await bench.start();
    bench.put('web', { state: { StartedAt: '2026-01-01T00:01:00Z' } });
    bench.engine.trouble.set('web', [never, never]);
    bench.engine.tell('start', 'web');
    await bench.pass(3_000);
    expect(bench.lifecycle('web')).toEqual(['started']);
    expect(bench.roster.current('web')?.facts.State.Running).toBe(true);
  });

  it('is repeated when a restart policy had its time', async () => {
    bench.put('web', { policy: 'always' });
    await bench.start();
    bench.put('web', { policy: 'always', state: ended(1) });
    bench.engine.trouble.set('web', [never]);
    bench.engine.tell('die', 'web', { exitCode: '1' });
    await bench.pass(4_000);
    expect(bench.lifecycle('web')).toEqual(['died']);
  });

  it('is made up for by the next list when it fails over and over', async () => {
    bench.put('web', { state: ended(1) });
    await bench.start();
    bench.put('web', { state: { StartedAt: '2026-01-01T00:01:00Z' } });
    bench.engine.trouble.set('web', [never, never, never, never]);
    bench.engine.tell('start', 'web');
    await bench.pass(70_000);
    expect(bench.lifecycle('web')).toEqual(['started']);
  });

  it('at one container does not keep the others from being listed', async () => {
    for (const id of ['web', 'stuck']) bench.put(id);
    bench.engine.trouble.set('stuck', [never, never]);
    await bench.start();
    expect(bench.roster.listing().map(({ type }) => type)).toEqual(['present']);
    expect(bench.warnings()).toEqual(['a container could not be looked at']);
    await bench.pass(1_000);
    expect(bench.roster.agentIds()).toEqual(['stuck', 'web']);
  });
});

describe('a connection that is silent', () => {
  it('is asked for the list, and given up when it does not answer', async () => {
    bench.put('web');
    await bench.start();
    await bench.pass(200_000);
    expect(bench.engine.connections).toBe(1);
    bench.engine.listTrouble = never;
    await bench.pass(61_000);
    expect(bench.watcher.isListed).toBe(false);
    bench.engine.listTrouble = undefined;
    await bench.until(() => bench.watcher.isListed);
  });

  it('costs a list a minute, and looks at nothing that is as the list says', async () => {
    bench.put('web');
    bench.put('ended', { state: ended(0) });
    bench.put('paused', { state: { Status: 'paused', Paused: true } });
    bench.put('stranger', { labels: { 'praetorian.agent': 'web' }, created: '2026-01-02T00:00:00Z' });
    bench.put('nobody', { labels: { 'praetorian.group': 'Team A' } });
    await bench.start();
    bench.put('made', { state: { ...ended(0), Status: 'created' } });
    bench.engine.asked.length = 0;
    await bench.pass(300_000);
    expect(bench.engine.asked).toEqual(Array.from({ length: 5 }, () => 'list'));
  });

  it('is given up when containers changed and it did not tell', async () => {
    bench.put('web');
    await bench.start();
    bench.put('web', { state: ended(3) });
    await bench.pass(60_500);
    expect(bench.lifecycle('web')).toEqual(['died']);
    await bench.until(() => bench.engine.connections === 2);
  });

  it('stays when the engine answers that it cannot', async () => {
    bench.put('web');
    await bench.start();
    bench.engine.listTrouble = () => Promise.reject(new EngineError('no memory', { status: 500, lost: false }));
    await bench.pass(61_000);
    expect(bench.engine.connections).toBe(1);
    expect(bench.warnings()).toEqual(['the containers could not be listed again']);
  });
});

it('tells what its health check says when any look finds that it has changed', async () => {
  bench.put('web', { state: { Health: { Status: 'starting' } } });
  await bench.start();
  bench.put('web', { state: { Health: { Status: 'unhealthy' } } });
  await bench.pass(60_500);
  expect(bench.lifecycle('web')).toEqual(['unhealthy']);
  bench.put('web', { state: { Health: { Status: 'healthy' } } });
  bench.engine.tell('update', 'web');
  await bench.pass(500);
  expect(bench.lifecycle('web')).toEqual(['unhealthy', 'healthy']);
});

it('knows a container that comes while the list is made, and forgets one that went while nobody looked', async () => {
  const labels = { 'praetorian.agent': 'web' };
  bench.put('web', { labels });
  bench.put('copy', { labels, created: '2026-01-02T00:00:00Z' });
  bench.engine.whileListing = () => {
    bench.put('new');
    bench.engine.tell('start', 'new');
    bench.engine.tell('start', 'gone');
    bench.engine.tell('destroy', 'gone');
  };
  await bench.start();
  expect(bench.roster.agentIds()).toEqual(['new', 'web']);
  expect(bench.engine.asked).not.toContain('inspect gone');
  await bench.reconnect(() => {
    bench.engine.containers.delete('web');
    bench.engine.containers.delete('copy');
  });
  expect(bench.roster.agentIds()).toEqual(['new']);
});

it('tells a rename as the end of the one agent and the beginning of the other', async () => {
  bench.put('id', { name: 'web' });
  await bench.start();
  bench.put('id', { name: 'webx' });
  bench.engine.tell('rename', 'id');
  await bench.pass();
  expect(bench.told.map((event) => (event.type === 'present' ? event.agent.id : event))).toEqual([
    { type: 'removed', agentId: 'web' },
    'webx',
  ]);
});

it('knows the address of one that joins a network just after it was looked at for the list, the first time and again', async () => {
  const address = () => bench.roster.current('web')?.facts.NetworkSettings.Networks['front']?.IPAddress;
  const put = (IPAddress: string): void => bench.put('web', { networks: { front: { IPAddress } } });
  const movesTo = (IPAddress: string): void => {
    const looked = bench.engine.containers.get('web');
    const move = async (): Promise<never> => {
      put(IPAddress);
      bench.engine.join('web');
      // What it was before is told late.
      for (let round = 0; round < 10; round += 1) await turn();
      return looked as never;
    };
    bench.engine.trouble.set('web', [move]);
  };
  put('10.0.0.1');
  movesTo('10.0.0.2');
  await bench.start();
  expect(address()).toBe('10.0.0.2');
  await bench.reconnect(() => movesTo('10.0.0.3'));
  await bench.pass();
  expect(address()).toBe('10.0.0.3');
});
