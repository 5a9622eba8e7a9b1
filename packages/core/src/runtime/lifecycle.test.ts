import { describe, expect, it } from 'vitest';
import type { Component } from '../contracts/index.ts';
import { isGuardError } from '../contracts/index.ts';
import { createRig } from '../testing/rig.ts';
import { Lifecycle } from './lifecycle.ts';

function rigged() {
  const rig = createRig();
  const lifecycle = new Lifecycle({ ...rig, startMs: 1_000 });
  const log: string[] = [];
  const add = (name: string, component: Component = {}): void => {
    lifecycle.add(name, {
      async start(signal) {
        log.push(`+${name}`);
        await component.start?.(signal);
      },
      async stop(deadline) {
        log.push(`-${name}`);
        await component.stop?.(deadline);
      },
    });
  };
  return { ...rig, lifecycle, calls: log, add };
}

const never = (): Promise<never> => new Promise(() => undefined);

async function fails(): Promise<never> {
  throw new TypeError('broken');
}

describe('Lifecycle', () => {
  it('starts in order and stops in reverse, once each however often it is asked', async () => {
    const { lifecycle, calls, add, clock } = rigged();
    lifecycle.add('passive', {});
    for (const name of ['a', 'b', 'c']) add(name);
    await Promise.all([lifecycle.start(), lifecycle.start()]);
    await lifecycle.start();
    await Promise.all([lifecycle.stop(100), lifecycle.stop(100)]);
    await lifecycle.stop(100);
    expect(calls).toEqual(['+a', '+b', '+c', '-c', '-b', '-a']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('starts again after a stop', async () => {
    const { lifecycle, calls, add } = rigged();
    add('a');
    await lifecycle.start();
    await lifecycle.stop(100);
    await lifecycle.start();
    expect(calls).toEqual(['+a', '-a', '+a']);
  });

  it('stops what has started when one fails to start, and says what failed', async () => {
    const { lifecycle, calls, add } = rigged();
    add('a');
    add('b', { start: fails });
    add('c');
    await expect(lifecycle.start()).rejects.toMatchObject({
      code: 'GUARD_START_FAILED',
      message: 'The b could not be started: broken.',
      cause: { message: 'broken' },
    });
    expect(calls).toEqual(['+a', '+b', '-a']);
    await lifecycle.stop(100);
    expect(calls).toEqual(['+a', '+b', '-a']);
  });

  it('reports failures of the clean-up beside the cause', async () => {
    const { lifecycle, add } = rigged();
    add('a', { stop: fails });
    add('b', { start: fails });
    const error = await lifecycle.start().catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(AggregateError);
    expect((error as AggregateError).errors).toHaveLength(2);
  });

  it('gives up one that does not start in time, and stops it as well', async () => {
    const { lifecycle, calls, add, clock } = rigged();
    add('a');
    add('slow', { start: never });
    const started = lifecycle.start().catch((error: unknown) => error);
    await clock.advance(1_000);
    expect(String(await started)).toContain('Starting slow took longer than 1s.');
    expect(calls).toEqual(['+a', '+slow', '-slow', '-a']);
  });

  it('waits for one that says itself how long its start may take, and no longer', async () => {
    const { lifecycle, clock } = rigged();
    lifecycle.add('store', { startWithinMs: 60_000, start: () => clock.sleep(40_000) });
    lifecycle.add('stuck', { startWithinMs: 60_000, start: never });
    const started = lifecycle.start().catch((error: unknown) => error);
    await clock.advance(99_999);
    expect(clock.pendingTimers).toBe(1);
    await clock.advance(1);
    expect(String(await started)).toContain('Starting stuck took longer than 1m.');
  });

  it('gives one that needs long to stop what the others can spare', async () => {
    const { lifecycle, clock, add } = rigged();
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h']) add(name);
    add('processes', { stop: () => clock.sleep(6_000) });
    await lifecycle.start();
    const stopped = lifecycle.stop(20_000);
    await clock.advance(6_000);
    await expect(stopped).resolves.toBeUndefined();
  });

  it('stops everything even if some throw or hang, each within its share, and reports all failures', async () => {
    const { lifecycle, calls, add, clock, log } = rigged();
    const shares: number[] = [];
    let stopMs = 0;
    const hangs = (deadline: AbortSignal): Promise<never> => {
      deadline.addEventListener('abort', () => shares.push(clock.monotonic() - stopMs));
      return never();
    };
    add('a', { stop: hangs });
    add('b', { stop: fails });
    add('c', { stop: hangs });
    await lifecycle.start();
    stopMs = clock.monotonic();
    const stopped = lifecycle.stop(900).catch((thrown: unknown) => thrown);
    await clock.advance(900);
    const error = (await stopped) as AggregateError;
    expect(calls.slice(3)).toEqual(['-c', '-b', '-a']);
    expect(shares).toEqual([300, 900]);
    expect(error.errors.map((one) => isGuardError(one, 'GUARD_DEADLINE'))).toEqual([true, false, true]);
    expect(log.entries.filter((entry) => entry.level === 'error')).toHaveLength(3);
  });

  it('ends a start that is under way when it is stopped', async () => {
    const { lifecycle, calls, add, clock } = rigged();
    let aborted = false;
    add('a');
    add('b', {
      start: (signal) => {
        signal.addEventListener('abort', () => (aborted = true));
        return never();
      },
    });
    add('c');
    const started = lifecycle.start().then(
      () => 'started',
      () => 'given up',
    );
    await clock.settle();
    await lifecycle.stop(100);
    expect(await started).toBe('given up');
    expect(aborted).toBe(true);
    expect(calls).toEqual(['+a', '+b', '-b', '-a']);
    expect(clock.pendingTimers).toBe(0);
  });

  it('ends a start whose signal aborts', async () => {
    const { lifecycle, calls, add, clock } = rigged();
    const abort = new AbortController();
    add('a', { start: never });
    const started = lifecycle.start(abort.signal).catch((error: unknown) => error);
    await clock.settle();
    const enough = new TypeError('enough');
    abort.abort(enough);
    expect(await started).toBe(enough);
    expect(calls).toEqual(['+a', '-a']);
  });
});
