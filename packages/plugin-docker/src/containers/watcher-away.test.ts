import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ended } from '../../test/plain-engine.ts';
import { WatcherBench } from '../../test/watcher-bench.ts';

let bench: WatcherBench;
beforeEach(() => {
  bench = new WatcherBench();
});
afterEach(() => bench.watcher.stop());

describe('what happened while the engine was out of sight', () => {
  it.each([-3_600_000, 0, 3_600_000])('is learned whatever its clock shows (%d ms ahead)', async (aheadMs) => {
    bench.engine.aheadMs = aheadMs;
    for (const id of ['web', 'db', 'runs']) bench.put(id);
    await bench.start();
    bench.engine.tell('update', 'runs');
    await bench.pass(1_000);
    const before = bench.rig.clock.now();
    await bench.reconnect(() => {
      bench.stop('db');
      bench.put('web', { state: ended(137) });
      bench.engine.tell('die', 'web', { exitCode: '137' });
    });
    expect(bench.rig.clock.now() - before).toBeLessThan(1_000);
    expect(bench.listed('db')).toEqual(['stopped']);
    expect(bench.listed('web')).toEqual(['died']);
    expect(bench.engine.connections).toBe(2);
  });

  it('is learned also when nothing had happened before', async () => {
    bench.put('web');
    await bench.start();
    await bench.reconnect(() => {
      bench.put('web', { state: ended(137) });
      bench.engine.tell('die', 'web', { exitCode: '137' });
    });
    expect(bench.listed('web')).toEqual(['died']);
  });

  it('does not matter to an engine that does not tell its past', async () => {
    bench.put('web');
    await bench.start();
    bench.engine.tell('update', 'web');
    await bench.pass();
    bench.engine.tellsPast = false;
    await bench.reconnect(() => bench.put('new'));
    expect(bench.roster.agentIds()).toEqual(['new', 'web']);
    expect(bench.engine.connections).toBe(2);
  });

  it('is no stop of the engine when others ran on, or when it remembers what it told last', async () => {
    for (const id of ['web', 'runs']) bench.put(id);
    await bench.start();
    bench.stop('web');
    await bench.pass(500);
    await bench.reconnect(() => undefined, { forgets: true });
    expect(bench.listed('web')).toEqual(['stopped']);
    bench.stop('runs');
    await bench.pass(500);
    await bench.reconnect();
    expect(bench.listed('runs')).toEqual(['stopped']);
  });

  it('is one when nothing ran on, and it remembers nothing', async () => {
    for (const id of ['web', 'back']) bench.put(id);
    await bench.start();
    bench.stop('web');
    await bench.pass(500);
    await bench.reconnect(() => bench.put('back', { state: { StartedAt: '2026-01-01T00:01:00Z' } }), { forgets: true });
    expect(bench.listed('web')).toEqual(['died']);
  });

  it('is one also for whoever ended while it was away, and not for whom somebody had stopped just before', async () => {
    for (const id of ['web', 'stopped', 'again']) bench.put(id);
    await bench.start();
    bench.engine.tell('kill', 'stopped', { signal: '15' });
    await bench.pass(6_000);
    const away = (): void => {
      bench.put('web', { state: ended(137) });
      bench.put('stopped', { state: ended(137) });
      bench.engine.tell('start', 'again');
      bench.put('again', { state: { ...ended(143), StartedAt: '2026-01-01T00:01:00Z' } });
      bench.stop('again', '2026-01-01T00:01:00Z');
    };
    await bench.reconnect(away, { forgets: true });
    expect(bench.listed('web')).toEqual(['died']);
    expect(bench.listed('stopped')).toEqual(['stopped']);
    expect(bench.listed('again')).toEqual(['stopped']);
  });

  it('is the end of a container by itself when the engine was restarted and others ran on', async () => {
    for (const id of ['web', 'runs', 'stopped']) bench.put(id);
    await bench.start();
    bench.engine.tell('update', 'runs');
    await bench.pass(6_000);
    const away = (): void => {
      bench.put('web', { state: ended(137) });
      bench.stop('stopped');
    };
    await bench.reconnect(away, { forgets: true });
    expect(bench.listed('web')).toEqual(['died']);
    expect(bench.listed('stopped')).toEqual(['stopped']);
  });

  it('is by an unknown hand when the engine only remembers too little', async () => {
    for (const id of ['web', 'runs']) bench.put(id);
    await bench.start();
    bench.engine.tell('update', 'runs');
    await bench.pass(6_000);
    const away = (): void => {
      bench.put('web', { state: ended(137) });
      for (let at = 0; at < 256; at += 1) bench.engine.tell('exec_die', 'runs');
    };
    await bench.reconnect(away, { forgets: true });
    expect(bench.listed('web')).toEqual(['stopped']);
  });

  it('may be that a health check was mended', async () => {
    bench.put('web', { state: { Health: { Status: 'unhealthy' } } });
    await bench.start();
    expect(bench.listed('web')).toEqual(['unhealthy']);
    await bench.reconnect(() => bench.put('web', { state: { Health: { Status: 'healthy' } } }));
    expect(bench.listed('web')).toEqual(['healthy']);
  });
});

describe('how a container ended', () => {
  it('is known to the next guard, also when the engine has forgotten it', async () => {
    for (const id of ['killed', 'stopped', 'back', 'gone']) bench.put(id);
    await bench.start();
    for (const id of ['killed', 'back', 'gone']) {
      bench.put(id, { state: ended(137) });
      bench.engine.tell('die', id, { exitCode: '137' });
    }
    bench.stop('stopped');
    bench.put('back', { state: { StartedAt: '2026-01-01T00:01:00Z' } });
    bench.engine.tell('start', 'back');
    await bench.pass(500);
    await bench.book.flush(bench.watcher.stamp);
    await bench.watcher.stop();
    bench.engine.cut({ forgets: true });
    bench.engine.containers.delete('gone');
    bench.put('back', { state: { ...ended(137), StartedAt: '2026-01-01T00:01:00Z' } });
    const next = new WatcherBench(bench);
    await next.start();
    expect(next.listed('killed')).toEqual(['died']);
    expect(next.listed('stopped')).toEqual(['stopped']);
    // Nobody saw how this one ended the second time.
    expect(next.listed('back')).toEqual(['stopped']);
    await next.book.flush(next.watcher.stamp);
    await next.watcher.stop();
    const kept = await bench.rig.state.list('end/', { limit: 10 });
    expect(kept.map(({ key }) => key)).toEqual(['end/killed', 'end/stopped']);
  });

  it('says nothing of a later life that nobody saw begin', async () => {
    for (const id of ['crashed', 'stopped']) bench.put(id);
    await bench.start();
    bench.put('crashed', { state: ended(1) });
    bench.engine.tell('die', 'crashed', { exitCode: '1' });
    bench.stop('stopped');
    await bench.pass(500);
    await bench.book.flush(bench.watcher.stamp);
    await bench.watcher.stop();
    bench.engine.cut({ forgets: true });
    const StartedAt = '2026-01-01T00:01:00Z';
    bench.put('crashed', { state: { ...ended(143), StartedAt } });
    bench.put('stopped', { state: { ...ended(1), StartedAt } });
    const next = new WatcherBench(bench);
    await next.start();
    expect(next.listed('crashed')).toEqual(['stopped']);
    expect(next.listed('stopped')).toEqual(['died']);
    await next.watcher.stop();
  });

  it('is told of one that the guard before made in its place and did not come to start', async () => {
    bench.put('made', { labels: { 'praetorian.key': 'inc/1/recreate' }, state: { ...ended(0), Status: 'created' } });
    bench.put('waits', { state: { ...ended(0), Status: 'created' } });
    await bench.start();
    expect(bench.listed('made')).toEqual(['died']);
    expect(bench.listed('waits')).toEqual([]);
  });
});
