import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ended } from '../../test/plain-engine.ts';
import { WatcherBench } from '../../test/watcher-bench.ts';

let bench: WatcherBench;
beforeEach(() => {
  bench = new WatcherBench();
});
afterEach(() => bench.watcher.stop());

/** States of the agent as they were told, one after another. */
const states = (): readonly (string | undefined)[] =>
  bench.told.flatMap((event) => (event.type === 'present' ? event.agent.instance.state : []));

describe('a container whose end somebody asked for', () => {
  it('is being stopped by hand from that moment on, and stopped once it has ended', async () => {
    bench.put('web', { config: { StopTimeout: 60 } });
    await bench.start();
    bench.engine.tell('kill', 'web', { signal: '15' });
    await bench.pass(40_000);
    expect(states()).toEqual(['stopping']);
    bench.put('web', { config: { StopTimeout: 60 }, state: ended(143) });
    bench.engine.tell('die', 'web', { exitCode: '143' });
    bench.engine.tell('stop', 'web');
    await bench.pass(60_000);
    expect(states()).toEqual(['stopping', 'stopped']);
  });

  it('is waited for as long as that takes where it wants never to be killed', async () => {
    bench.put('web', { config: { StopTimeout: -1 } });
    await bench.start();
    bench.engine.tell('kill', 'web', { signal: '15' });
    await bench.pass(60_000);
    expect(states()).toEqual(['stopping']);
    bench.put('web', { config: { StopTimeout: -1 }, state: ended(143) });
    bench.engine.tell('die', 'web', { exitCode: '143' });
    await bench.pass();
    expect(states()).toEqual(['stopping', 'stopped']);
  });

  it('is one like any other again when it has not heeded that in its time', async () => {
    bench.put('web');
    await bench.start();
    bench.engine.tell('kill', 'web', { signal: '15' });
    await bench.pass(14_000);
    expect(states()).toEqual(['stopping']);
    await bench.pass(2_000);
    expect(states()).toEqual(['stopping', 'running']);
  });

  it('is one like any other when it was only told to reload, or was started again at once', async () => {
    bench.put('web');
    await bench.start();
    bench.engine.tell('kill', 'web', { signal: '1' });
    await bench.pass();
    expect(states()).toEqual([]);
    bench.engine.tell('kill', 'web', { signal: '15' });
    await bench.pass();
    bench.put('web', { state: { StartedAt: '2026-01-01T00:01:00Z' } });
    bench.engine.tell('die', 'web', { exitCode: '143' });
    bench.engine.tell('start', 'web');
    await bench.pass(20_000);
    expect(states()[0]).toBe('stopping');
    expect(states().at(-1)).toBe('running');
    expect(bench.roster.current('web')?.leaving).toBe(false);
  });

  it('is known for that also by a guard that lost the engine from sight meanwhile', async () => {
    bench.put('web', { config: { StopTimeout: 60 } });
    await bench.start();
    bench.engine.tell('kill', 'web', { signal: '15' });
    await bench.pass(1_000);
    await bench.reconnect();
    expect(bench.roster.current('web')?.leaving).toBe(true);
    await bench.pass(70_000);
    expect(bench.roster.current('web')?.leaving).toBe(false);
  });
});
