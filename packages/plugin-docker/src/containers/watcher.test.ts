import { InventoryFeed, Locks } from '@praetorian-guard/core/kit';
import type { InventoryEvent } from '@praetorian-guard/core/plugin';
import { createRig, type Rig } from '@praetorian-guard/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { ended, PlainEngine } from '../../test/plain-engine.ts';
import { EngineError } from '../engine/engine-error.ts';
import { Book } from './book.ts';
import { Endings } from './endings.ts';
import { Roster } from './roster.ts';
import { Watcher } from './watcher.ts';

/** A guard that watches a plain engine, on a clock that moves when told. */
class Bench {
  readonly rig: Rig;
  readonly engine: PlainEngine;
  readonly book: Book;
  readonly told: InventoryEvent[] = [];
  readonly roster: Roster;
  readonly watcher: Watcher;

  /** `before`: the guard that was there before, whose store and engine are still there. */
  constructor(before?: Bench) {
    this.rig = before?.rig ?? createRig();
    this.engine = before?.engine ?? new PlainEngine(this.rig.clock);
    const { clock, log, state } = this.rig;
    const endings = new Endings();
    this.book = new Book(state, endings);
    const publish = (event: InventoryEvent): void => void (this.watcher.isListed && this.told.push(event));
    const now = () => clock.now();
    const { book } = this;
    this.roster = new Roster({ book, endings, idPrefix: '', reach: 'container', host: '', publish, now, log });
    const feed = new InventoryFeed();
    feed.publish = publish;
    this.watcher = new Watcher({
      engine: this.engine.engine,
      clock,
      log,
      book,
      endings,
      roster: this.roster,
      feed,
      locks: new Locks(),
      select: ['praetorian.enable=true'],
      restartGraceMs: 2_000,
      ended: () => void book.flush(this.watcher.stamp),
    });
  }

  /** Time goes on; what it sets off by streams and promises is done. */
  async pass(ms = 0): Promise<void> {
    const { clock } = this.rig;
    for (let left = ms; left > 0; left -= 500) await clock.advance(Math.min(500, left), { turns: 8 });
    await clock.settle(40);
  }

  async start(): Promise<void> {
    await this.book.load();
    this.watcher.start();
    await this.pass();
  }

  async until(condition: () => boolean): Promise<void> {
    for (let round = 0; round < 100 && !condition(); round += 1) await this.pass(100);
    if (!condition()) throw new TypeError('waited in vain');
  }

  /** The connection breaks, and is there again. */
  async reconnect(meanwhile: () => void = () => undefined, cut: Parameters<PlainEngine['cut']>[0] = {}): Promise<void> {
    const { connections } = this.engine;
    this.engine.cut(cut);
    meanwhile();
    await this.until(() => this.engine.connections > connections && this.watcher.isListed);
  }

  put(id: string, given: Parameters<PlainEngine['put']>[1] = {}): void {
    this.engine.put(id, { ...given, labels: { 'praetorian.enable': 'true', ...given.labels } });
  }

  /** Somebody stops it by the API. */
  stop(id: string, startedAt = '2026-01-01T00:00:00Z'): void {
    this.engine.tell('kill', id, { signal: '15' });
    this.put(id, { state: { ...ended(143), StartedAt: startedAt } });
    this.engine.tell('die', id, { exitCode: '143' });
    this.engine.tell('stop', id);
  }

  lifecycle(id: string, events: readonly InventoryEvent[] = this.told): string[] {
    return events.flatMap((one) => (one.type === 'lifecycle' && one.agentId === id ? [one.event] : []));
  }

  listed(id: string): string[] {
    return this.lifecycle(id, this.roster.listing());
  }

  warnings(): string[] {
    return this.rig.log.entries.filter(({ level }) => level === 'warn').map(({ message }) => message);
  }
}

let bench: Bench;
beforeEach(() => {
  bench = new Bench();
});
afterEach(() => bench.watcher.stop());

const never = (): Promise<never> => Promise.reject(new EngineError('took too long', { lost: true }));

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
    const next = new Bench(bench);
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
});

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
