import { describe, expect, it } from 'vitest';
import type { AnyGuardEvent } from '../contracts/index.ts';
import { createRig } from '../testing/rig.ts';
import { EventBus } from './event-bus.ts';

function rigged(backlog?: number) {
  const rig = createRig();
  const bus = new EventBus({ ...rig, ...(backlog === undefined ? {} : { backlog }) });
  return { ...rig, bus };
}

const degraded = (bus: EventBus, what: string) => bus.emit('guard.degraded', { what, why: 'test' });

describe('EventBus', () => {
  it('numbers events by one and stamps them', () => {
    const { bus, clock } = rigged();
    expect(degraded(bus, 'a')).toEqual({
      type: 'guard.degraded',
      seq: 1,
      at: clock.now(),
      data: { what: 'a', why: 'test' },
    });
    expect(bus.emit('guard.recovered', { what: 'a' }).seq).toBe(2);
    expect(bus.seq).toBe(2);
  });

  it('tells listeners of the type, and those of every type, until they are disposed of', () => {
    const { bus } = rigged();
    const heard: string[] = [];
    const one = bus.on('guard.degraded', (event) => heard.push(`one ${event.data.what}`));
    const all = bus.onAny((event) => heard.push(`all ${event.seq}`));
    degraded(bus, 'a');
    bus.emit('guard.recovered', { what: 'a' });
    one.dispose();
    one.dispose();
    degraded(bus, 'b');
    all.dispose();
    degraded(bus, 'c');
    expect(heard).toEqual(['one a', 'all 1', 'all 2', 'all 3']);
  });

  it('shields the emitter and other listeners from one that throws or rejects, logs and counts it', async () => {
    const { bus, log, metrics, clock } = rigged();
    const heard: number[] = [];
    bus.on('guard.degraded', () => {
      throw new TypeError('thrown');
    });
    bus.on('guard.degraded', async () => {
      throw new TypeError('rejected');
    });
    bus.on('guard.degraded', (event) => heard.push(event.seq));
    degraded(bus, 'a');
    expect(heard).toEqual([1]);
    await clock.settle();
    expect(metrics.value('praetorian_listener_failures', { type: 'guard.degraded' })).toBe(2);
    expect(log.entries.map((entry) => entry.message)).toEqual([
      'a listener of guard.degraded failed: thrown',
      'a listener of guard.degraded failed: rejected',
    ]);
  });

  it('is safe against listeners that come and go during an event', () => {
    const { bus } = rigged();
    const heard: string[] = [];
    bus.on('guard.degraded', () => {
      heard.push('first');
      second.dispose();
      bus.on('guard.degraded', () => heard.push('late'));
    });
    const second = bus.on('guard.degraded', () => heard.push('second'));
    degraded(bus, 'a');
    expect(heard).toEqual(['first']);
    degraded(bus, 'b');
    expect(heard).toEqual(['first', 'first', 'late']);
  });

  it('delivers what a listener emits after the present event, so that all see one order', () => {
    const { bus } = rigged();
    const heard: number[] = [];
    bus.on('guard.degraded', () => bus.emit('guard.recovered', { what: 'x' }));
    bus.onAny((event) => heard.push(event.seq));
    degraded(bus, 'a');
    expect(heard).toEqual([1, 2]);
  });

  it('gives what happened since a number, and says how much is forgotten', () => {
    const { bus } = rigged(3);
    const numbers = (events: readonly AnyGuardEvent[]) => events.map((event) => event.seq);
    expect(bus.since(0)).toEqual({ events: [], missed: 0 });
    for (let n = 1; n <= 5; n += 1) degraded(bus, String(n));
    expect(numbers(bus.since(5).events)).toEqual([]);
    expect(numbers(bus.since(3).events)).toEqual([4, 5]);
    expect(bus.since(3).missed).toBe(0);
    expect(numbers(bus.since(0).events)).toEqual([3, 4, 5]);
    expect(bus.since(0).missed).toBe(2);
    expect(bus.since(99)).toEqual({ events: [], missed: 0 });
  });
});
