import { createVirtualClock, FakeGuard, recordingLogger } from '@praetorian-guard/core/testing';
import { describe, expect, test } from 'vitest';
import { EventHub, type EventSink } from './event-hub.ts';

/** A sink that keeps what it is given; of what is written while it is `stuck` it takes nothing. */
class FakeSink implements EventSink {
  readonly written: string[] = [];
  stuck = false;
  state: 'open' | 'ended' | 'destroyed' = 'open';
  writableLength = 0;
  leave: (() => void) | undefined;
  readonly #drained: (() => void)[] = [];

  write(text: string): boolean {
    this.written.push(text);
    if (this.stuck) this.writableLength += text.length;
    return !this.stuck;
  }

  /** Takes what was written so far, and no more than that while it is stuck. */
  read(): void {
    this.writableLength = 0;
    for (const listener of this.#drained) listener();
  }

  end(): void {
    this.state = 'ended';
    this.close();
  }

  destroy(): void {
    this.state = 'destroyed';
    this.close();
  }

  on(_event: 'drain', listener: () => void): void {
    this.#drained.push(listener);
  }

  close(): void {
    this.leave?.();
  }

  get types(): (string | undefined)[] {
    return this.written.map((text) => /^event: (.+)$/m.exec(text)?.[1]).filter((type) => type !== undefined);
  }

  get ids(): number[] {
    return this.written.map((text) => Number(/^id: .+-(\d+)$/m.exec(text)?.[1])).filter((id) => !Number.isNaN(id));
  }

  get greeting(): unknown {
    return JSON.parse(/^data: (.+)$/m.exec(this.written[0] ?? '')?.[1] ?? 'null');
  }
}

function setUp(options = {}) {
  const guard = new FakeGuard();
  const clock = createVirtualClock();
  const log = recordingLogger();
  const hub = new EventHub(guard, {
    clock,
    log,
    heartbeatMs: 15_000,
    maxClients: 3,
    keep: 5,
    maxPendingBytes: 2_000,
    ...options,
  });
  const happens = (times = 1): void => {
    for (let n = 0; n < times; n += 1) guard.emit('guard.recovered', { what: `part ${n}` });
  };
  const join = (wish = {}, sink = new FakeSink()): FakeSink => {
    sink.leave = hub.join(sink, wish);
    return sink;
  };
  /** Id of an event of this life of the guard. */
  const idOf = (seq: number): string => `${clock.now().toString(36)}-${seq}`;
  return { guard, clock, log, hub, happens, join, idOf };
}

describe('a stream of events', () => {
  test('begins with where the guard stands, and then brings each event with type, id and data', () => {
    const { join, happens } = setUp();
    const sink = join();
    happens();
    expect(sink.greeting).toMatchObject({ guardId: 'guard-fake', latest: 0, complete: true });
    expect(sink.written[1]).toMatch(/^event: guard\.recovered\nid: [a-z0-9]+-1\ndata: \{.*"what":"part 0".*\}\n\n$/);
  });

  test('brings what was missed to a client that comes back, and says that nothing is lost', () => {
    const { join, happens, idOf } = setUp();
    happens(4);
    const sink = join({ after: idOf(2) });
    expect(sink.greeting).toMatchObject({ complete: true, latest: 4 });
    expect(sink.ids).toEqual([3, 4]);
  });

  test('says when events between are lost', () => {
    const { join, happens, idOf } = setUp();
    happens(10);
    const sink = join({ after: idOf(2) });
    expect(sink.greeting).toMatchObject({ complete: false });
    expect(sink.ids).toEqual([6, 7, 8, 9, 10]);
  });

  test.each(['2', 'kzzzzzz-2', 'kzzzzzz-500', 'x', '-', '-2'])(
    'says that events are lost when the id %j is of another life of the guard, and brings all of this one',
    (after) => {
      const { join, happens } = setUp();
      happens(4);
      const sink = join({ after });
      expect(sink.greeting).toMatchObject({ complete: false, latest: 4 });
      expect(sink.ids).toEqual([1, 2, 3, 4]);
    },
  );

  test('takes an id that this life has not reached for one of another', () => {
    const { join, happens, idOf } = setUp();
    happens(1);
    expect(join({ after: idOf(500) }).greeting).toMatchObject({ complete: false });
  });

  test('brings only the types that are asked for', () => {
    const { guard, join, happens } = setUp();
    const sink = join({ types: new Set(['guard.degraded']) });
    happens();
    guard.emit('guard.degraded', { what: 'a', why: 'b' });
    expect(sink.types).toEqual(['stream.opened', 'guard.degraded']);
  });

  test('cannot be broken up by what an event says', () => {
    const { guard, join } = setUp();
    const sink = join();
    guard.emit('guard.degraded', { what: 'x\n\nevent: forged\ndata: {}', why: '\r\n' });
    expect(sink.written[1]?.match(/\n/g)).toHaveLength(4);
  });

  test('holds back what a client cannot take yet, and goes on in order when it has read', () => {
    const { join, happens, hub, idOf } = setUp({ keep: 1_000 });
    happens(60);
    const slow = new FakeSink();
    slow.stuck = true;
    join({ after: idOf(0) }, slow);
    const first = slow.ids.length;
    happens(40);
    expect(slow.ids.length).toBe(first);
    expect(slow.writableLength).toBeLessThan(2_300);
    for (let reads = 0; reads < 100 && slow.ids.length < 100; reads += 1) slow.read();
    expect(slow.ids).toEqual(Array.from({ length: 100 }, (_, at) => at + 1));
    expect(slow.state).toBe('open');
    expect(hub.clients).toBe(1);
  });

  test('drops a client that reads so slowly that events for it are kept no longer, and the others go on', () => {
    const { join, happens, log, hub } = setUp();
    const slow = new FakeSink();
    slow.stuck = true;
    join({}, slow);
    const quick = join();
    happens(40);
    expect(slow.state).toBe('destroyed');
    expect(slow.written.join('').length).toBeLessThan(2_300);
    expect(quick.ids).toHaveLength(40);
    expect(hub.clients).toBe(1);
    expect(log.entries.map(({ level }) => level)).toEqual(['warn']);
  });

  test('sends a comment in between, as long as somebody listens', async () => {
    const { clock, join } = setUp();
    const sink = join();
    await clock.advance(31_000);
    expect(sink.written.filter((text) => text === ': ping\n\n')).toHaveLength(2);
    sink.close();
    expect(clock.pendingTimers).toBe(0);
  });

  test('keeps no comments for a client that does not read', async () => {
    const { clock, join } = setUp();
    const sink = new FakeSink();
    sink.stuck = true;
    join({}, sink);
    await clock.advance(31_000);
    expect(sink.written).toHaveLength(1);
  });

  test('is refused when there are too many', () => {
    const { hub, join } = setUp();
    join();
    join();
    hub.requireRoom();
    const last = join();
    expect(() => hub.requireRoom()).toThrow('There are already 3 event streams.');
    last.close();
    hub.requireRoom();
  });

  test('ends when the hub closes, which lets go of guard and clock', () => {
    const { guard, clock, hub, join } = setUp();
    const sink = join();
    hub.close();
    expect(sink.state).toBe('ended');
    expect(guard.listeners).toBe(0);
    expect(clock.pendingTimers).toBe(0);
    expect(join().state).toBe('ended');
  });
});
