import type { Instance } from '@praetorian-guard/core/plugin';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../engine/engine-error.ts';
import { type Containers, containerOf, Logs } from './logs.ts';
import type { Member } from './member.ts';

const instance: Instance = { id: 'web~1', generation: 1, ref: { container: 'c1' } };
const call = { signal: new AbortController().signal, traceId: 't' };
const members = [member('web~1', 'c1'), member('api~1', 'c2')];
const containers: Containers = {
  all: () => members,
  member: (id) => members.find(({ facts }) => facts.Id === id),
};

function member(instanceId: string, Id: string): Member {
  return { instanceId, facts: { Id } } as unknown as Member;
}

/** A log as the engine gives it: the last so many messages, and of these those since a time. */
class FakeLog {
  readonly lines: { readonly at: number; readonly text: string }[] = [];
  readonly tails: number[] = [];
  failure: Error | undefined;

  write(at: number, text: string): void {
    this.lines.push({ at, text });
  }

  async logs(_id: string, { since = '0', tail }: { since?: string; tail: number }, take: (piece: Buffer) => void) {
    this.tails.push(tail);
    if (this.failure) throw this.failure;
    for (const { at, text } of this.lines.slice(-tail)) {
      if (at < Number(since) * 1_000) continue;
      take(Buffer.from(`${new Date(at).toISOString()} ${text}\n`));
    }
  }
}

function subject(): { log: FakeLog; logs: Logs } {
  const log = new FakeLog();
  return { log, logs: new Logs({ engine: log, containers }) };
}

describe('the log of a container', () => {
  it('begins with what is written from now on', async () => {
    const { log, logs } = subject();
    for (const text of ['a', 'b', 'c']) log.write(5_000, text);
    const begin = await logs.page(instance, undefined, call);
    expect(begin.lines).toEqual([]);
    log.write(5_000, 'd');
    log.write(6_000, 'e');
    const page = await logs.page(instance, begin.next, call);
    expect(page.lines).toEqual(['d', 'e']);
    expect(await logs.page(instance, page.next, call)).toEqual({ lines: [], next: page.next });
  });

  it('begins with its first line when there was none yet', async () => {
    const { log, logs } = subject();
    const { next } = await logs.page(instance, undefined, call);
    log.write(1_000, 'first');
    expect((await logs.page(instance, next, call)).lines).toEqual(['first']);
  });

  it('begins now for a place that is none', async () => {
    const { log, logs } = subject();
    log.write(1_000, 'a');
    expect((await logs.page(instance, 'yesterday', call)).lines).toEqual([]);
  });

  it('has nothing old after its beginning, though many lines are of one moment', async () => {
    const { log, logs } = subject();
    for (let at = 0; at < 300; at += 1) log.write(5_000, `old ${at}`);
    const { next } = await logs.page(instance, undefined, call);
    log.write(5_000, 'new');
    expect((await logs.page(instance, next, call)).lines).toEqual(['new']);
  });

  it('is read no further back than needed', async () => {
    const { log, logs } = subject();
    for (let at = 0; at < 5_000; at += 1) log.write(at * 10, `old ${at}`);
    const { next } = await logs.page(instance, undefined, call);
    for (let at = 0; at < 999; at += 1) log.write(50_000 + at, `new ${at}`);
    expect((await logs.page(instance, next, call)).lines).toHaveLength(999);
    for (let at = 0; at < 9_000; at += 1) log.write(60_000 + at, `new ${at}`);
    const page = await logs.page(instance, next, call);
    expect([page.lines.length, page.lines[0], page.skippedBytes]).toEqual([9_999, 'new 0', undefined]);
    expect(log.tails).toEqual([100, 1_000, 1_000, 10_000]);
  });

  it('says that something is left out when too much was written to be read', async () => {
    const { log, logs } = subject();
    log.write(0, 'old');
    const { next } = await logs.page(instance, undefined, call);
    for (let at = 0; at < 100_001; at += 1) log.write(50_000 + at, '');
    const page = await logs.page(instance, next, call);
    expect([page.lines.length, page.skippedBytes]).toEqual([100_000, 1]);
    expect((await logs.page(instance, page.next, call)).lines).toEqual([]);
  });

  it('goes on with what there is when the engine has thrown the place away', async () => {
    const { log, logs } = subject();
    log.write(1_000, 'old');
    const { next } = await logs.page(instance, undefined, call);
    log.lines.length = 0;
    expect(await logs.page(instance, next, call)).toEqual({ lines: [], next });
    log.write(9_000, 'new');
    expect((await logs.page(instance, next, call)).lines).toEqual(['new']);
  });

  it.each([
    [404, 'No such container'],
    [409, 'can not get logs from container which is dead or marked for removal'],
    [501, 'configured logging driver does not support reading'],
    [500, 'configured logging driver does not support reading'],
  ])('is empty and keeps its place when it cannot be read: %i %s', async (status, message) => {
    const { log, logs } = subject();
    log.write(1_000, 'old');
    const { next } = await logs.page(instance, undefined, call);
    log.failure = new EngineError(message, { status, lost: false });
    expect(await logs.page(instance, next, call)).toEqual({ lines: [], next });
    expect((await logs.page(instance, undefined, call)).lines).toEqual([]);
  });

  it('fails when the engine does', async () => {
    const { log, logs } = subject();
    log.failure = new EngineError('read a log: socket hang up', { lost: true });
    await expect(logs.page(instance, undefined, call)).rejects.toBe(log.failure);
  });

  it('is empty for an instance that is not there', async () => {
    const { log, logs } = subject();
    expect(await logs.page({ id: 'nobody', generation: 1 }, undefined, call)).toEqual({ lines: [], next: '' });
    expect(log.tails).toEqual([]);
  });
});

describe('the container of an instance', () => {
  it('is the one that bears its id, whatever container it was seen in', () => {
    expect(containerOf(containers, instance)?.facts.Id).toBe('c1');
    expect(containerOf(containers, { id: 'api~1', generation: 1, ref: { container: 'c1' } })?.facts.Id).toBe('c2');
    expect(containerOf(containers, { id: 'web~0', generation: 0, ref: { container: 'c1' } })).toBeUndefined();
  });
});
