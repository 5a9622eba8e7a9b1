import { describe, expect, it } from 'vitest';
import { seededRandom } from '../../runtime/index.ts';
import { detectionRig } from '../../../test/detection-rig.ts';

describe('ErrorsDetector', () => {
  it('suspects an agent from ten errors a minute on, and clears it below half of that', async () => {
    const { add, signal, tick, run } = detectionRig();
    const slot = add();
    signal(slot, { kind: 'error', message: 'x', type: 'DbError42', count: 9 });
    expect(tick().raised).toEqual([]);
    signal(slot, { kind: 'error', message: 'x', type: 'DbError42', count: 1 });
    expect(tick().raised).toMatchObject([
      {
        id: 'errors:errors:errors',
        signature: 'errors:DbError',
        evidence: 'errors',
        text: '10 errors in 1m, most of them DbError (suspicious from 10)',
      },
    ]);
    expect((await run(49_000)).cleared).toEqual([]);
    expect((await run(12_000)).cleared).toHaveLength(1);
  });

  it.each(['started', 'restarted'] as const)('holds nothing against an instance that was %s since', (event) => {
    const { add, signal, tick, detection } = detectionRig();
    const slot = add();
    const fails = (count: number) => signal(slot, { kind: 'error', message: 'x', count });
    fails(20);
    tick();
    expect(detection.status(slot).findings).toHaveLength(1);
    signal(slot, { kind: 'lifecycle', event });
    fails(9);
    expect(tick().cleared).toHaveLength(1);
    fails(1);
    expect(tick().raised).toMatchObject([{ text: expect.stringContaining('10 errors') as string }]);
  });

  it('keeps its memory bounded whatever is reported', async () => {
    const { add, signal, tick, run, detection } = detectionRig();
    const slot = add();
    for (let at = 0; at < 1_000; at += 1) {
      const type = String.fromCharCode(97 + (at % 26)).repeat(1 + (at % 7));
      signal(slot, { kind: 'error', message: 'x', type, count: 1_000_000 });
    }
    tick();
    expect(detection.status(slot).findings).toMatchObject([{ data: { errors: 1_000_000_000 } }]);
    expect((await run(70_000)).cleared).toHaveLength(1);
  });

  it('names the failure by what the messages have in common', async () => {
    const { add, signal, tick } = detectionRig();
    const slot = add();
    for (const job of ['alpha', 'beta', 'gamma', 'delta', 'epsilon']) {
      signal(slot, { kind: 'error', message: `job ${job} (id 17) failed: connection reset`, count: 2 });
    }
    expect(tick().raised).toMatchObject([
      {
        signature: 'errors:job-id-failed-connection-reset',
        text: '10 errors in 1m, most of them "job <*> (id <n>) failed: connection reset" (suspicious from 10)',
        data: { pattern: 'job <*> (id <n>) failed: connection reset' },
      },
    ]);
  });

  it('keeps the name of a failure while it lasts, though another pattern is as frequent', async () => {
    const { add, signal, run } = detectionRig();
    const random = seededRandom(3, { now: () => 0 });
    const slot = add();
    const error = (type: string): void => signal(slot, { kind: 'error', message: 'x', type, count: 1 });
    const both = await run(3_600_000, () => error(random.next() < 0.5 ? 'AError' : 'BError'));
    expect(new Set(both.raised.map(({ signature }) => signature)).size).toBe(1);
    expect(both.raised.length).toBeLessThanOrEqual(3);
    const [other] = ['errors:AError', 'errors:BError'].filter((name) => name !== both.raised[0]?.signature);
    const after = await run(120_000, () => error(other === 'errors:AError' ? 'AError' : 'BError'));
    expect(after.raised.map(({ signature }) => signature)).toEqual([other]);
  });

  it('says so at once when another pattern joins, whatever names the failure, and each only once', async () => {
    const { add, signal, tick, run } = detectionRig();
    const slot = add();
    signal(slot, { kind: 'error', message: 'job failed', count: 30 });
    tick();
    signal(slot, { kind: 'error', message: 'unexpected shell started', count: 1 });
    const [more, ...others] = tick().raised;
    expect(more).toMatchObject({
      signature: 'errors:job-failed',
      data: { patterns: 'job failed | unexpected shell started' },
    });
    expect(others).toEqual([]);
    let at = 0;
    const { raised } = await run(1_800_000, () => {
      at += 1;
      signal(slot, {
        kind: 'error',
        message: `${'abcdefgh'[at % 8]} gave up ${'w '.repeat(at % 8)}`,
        count: 1 + (at % 3),
      });
    });
    expect(raised.length).toBeLessThanOrEqual(14);
  });

  it('names no single failure when there is none', () => {
    const { add, signal, tick } = detectionRig();
    const slot = add();
    for (let at = 0; at < 10; at += 1) {
      signal(slot, { kind: 'error', message: `${'abcdefghij'[at]} ${'w '.repeat(at)}`, count: 1 });
    }
    expect(tick().raised).toMatchObject([{ signature: 'errors' }]);
  });

  it('suspects a pattern nobody has shown before at half as many', async () => {
    const { add, signal, tick, run } = detectionRig();
    const slot = add();
    const other = add('b');
    signal(other, { kind: 'error', message: 'cache miss on shard', count: 1 });
    tick();
    await run(700_000);
    signal(slot, { kind: 'error', message: 'cache miss on shard', count: 5 });
    expect(tick().raised).toEqual([]);
    signal(slot, { kind: 'error', message: 'disk quota exceeded', count: 5 });
    expect(tick().raised).toMatchObject([{ agentId: 'a', data: { novel: true } }]);
  });

  it('takes nothing for new while it has just begun to look', () => {
    const { add, signal, tick } = detectionRig();
    signal(add(), { kind: 'error', message: 'disk quota exceeded', count: 9 });
    expect(tick().raised).toEqual([]);
  });

  it('suspects a burst over what is usual for the agent, and not the usual', async () => {
    const { add, signal, tick, run } = detectionRig();
    const slot = add();
    // One error a minute, for half an hour.
    for (let minute = 0; minute < 30; minute += 1) {
      signal(slot, { kind: 'error', message: 'retrying the upload', count: 1 });
      expect(tick().raised).toEqual([]);
      await run(60_000);
    }
    signal(slot, { kind: 'error', message: 'retrying the upload', count: 6 });
    expect(tick().raised).toMatchObject([{ data: { burst: true, novel: false } }]);
  });
});
