import { InventoryFeed, Locks } from '@praetorian-guard/core/kit';
import type { InventoryEvent } from '@praetorian-guard/core/plugin';
import { createRig, type Rig } from '@praetorian-guard/core/testing';
import { Book } from '../src/containers/book.ts';
import { Endings } from '../src/containers/endings.ts';
import { Leaving } from '../src/containers/leaving.ts';
import { Roster } from '../src/containers/roster.ts';
import { Watcher } from '../src/containers/watcher.ts';
import { ended, PlainEngine } from './plain-engine.ts';

/** A guard that watches a plain engine, on a clock that moves when told. */
export class WatcherBench {
  readonly rig: Rig;
  readonly engine: PlainEngine;
  readonly book: Book;
  readonly told: InventoryEvent[] = [];
  readonly roster: Roster;
  readonly watcher: Watcher;

  /** `before`: the guard that was there before, whose store and engine are still there. */
  constructor(before?: WatcherBench) {
    this.rig = before?.rig ?? createRig();
    this.engine = before?.engine ?? new PlainEngine(this.rig.clock);
    const { clock, log, state } = this.rig;
    const endings = new Endings();
    this.book = new Book(state, endings);
    const publish = (event: InventoryEvent): void => void (this.watcher.isListed && this.told.push(event));
    const now = () => clock.now();
    const { book } = this;
    const leaving = new Leaving(clock);
    const look = (id: string) => this.engine.engine.container(id);
    const where = { idPrefix: '', reach: 'container', host: '', look } as const;
    this.roster = new Roster({ book, endings, leaving, ...where, publish, now, log });
    const feed = new InventoryFeed();
    feed.publish = publish;
    this.watcher = new Watcher({
      engine: this.engine.engine,
      clock,
      log,
      book,
      endings,
      leaving,
      roster: this.roster,
      feed,
      locks: new Locks(),
      select: ['praetorian.enable=true'],
      restartGraceMs: 2_000,
      recover: async () => undefined,
      known: () => undefined,
      began: () => undefined,
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
