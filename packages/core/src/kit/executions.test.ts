import { describe, expect, it } from 'vitest';
import type { Grant } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import type { Receipt } from '../model/index.ts';
import { createRig } from '../testing/index.ts';
import { Executions } from './executions.ts';
import { Locks } from './locks.ts';

const done = (key: string): Receipt => ({ key, at: 0, result: 'succeeded' });

function bench() {
  const clock = createRig().clock;
  const executions = new Executions(clock, new Locks());
  const grant = (key: string, given: Partial<Grant> = {}): Grant => ({
    key,
    fence: 1,
    deadline: clock.now() + 10_000,
    dryRun: false,
    ...given,
  });
  const call = { signal: new AbortController().signal, traceId: 't' };
  return { clock, executions, grant, call };
}

describe('executions', () => {
  it('act once for a key that is asked for twice at a time, and give both the same receipt', async () => {
    const { executions, grant, call } = bench();
    let acted = 0;
    const perform = async (): Promise<Receipt> => ({ key: 'k', at: (acted += 1), result: 'succeeded' });
    const [one, two] = await Promise.all([
      executions.run(grant('k'), call, { lock: 'a', perform }),
      executions.run(grant('k'), call, { lock: 'a', perform }),
    ]);
    expect(acted).toBe(1);
    expect(two).toEqual(one);
  });

  it('give the receipt that was kept, and act no more, not even after the deadline', async () => {
    const { executions, grant, call } = bench();
    const receipt = await executions.run(grant('k', { deadline: -1 }), call, {
      lock: 'a',
      recorded: async () => done('k'),
      perform: () => Promise.reject(new Error('not again')),
    });
    expect(receipt).toEqual(done('k'));
  });

  it('do nothing in a dry run, after the deadline, when called off, and when there is a reason against it', async () => {
    const { executions, grant, call } = bench();
    const perform = (): Promise<Receipt> => Promise.reject(new Error('acted'));
    const execution = { lock: 'a', perform };
    const off = { signal: AbortSignal.abort(), traceId: 't' };
    expect(await executions.run(grant('k', { dryRun: true }), call, execution)).toMatchObject({ result: 'cancelled' });
    expect(await executions.run(grant('k', { deadline: 0 }), call, execution)).toMatchObject({
      code: 'GUARD_DEADLINE',
    });
    expect(await executions.run(grant('k'), off, execution)).toMatchObject({ result: 'cancelled' });
    const refusal: Receipt = { key: 'k', at: 0, result: 'superseded', text: 'no' };
    expect(await executions.run(grant('k'), call, { ...execution, refusal })).toBe(refusal);
  });

  it('say that the outcome is not known when the deadline comes, and let the work go on', async () => {
    const { clock, executions, grant, call } = bench();
    let finish = (): void => undefined;
    const work = new Promise<Receipt>((resolve) => void (finish = () => resolve(done('k'))));
    const receipt = executions.run(grant('k', { deadline: clock.now() + 1_000 }), call, {
      lock: 'a',
      perform: () => work,
    });
    await clock.advance(1_000);
    expect(await receipt).toMatchObject({ result: 'unknown' });
    expect(executions.isRunning('k')).toBe(true);
    finish();
    expect(await executions.run(grant('k'), call, { lock: 'a', perform: () => work })).toEqual(done('k'));
    expect(executions.isRunning('k')).toBe(false);
  });

  it('begin nothing whose deadline has passed, that was called off, or after the end, while it waited for its turn', async () => {
    const { clock, executions, grant, call } = bench();
    let free = (): void => undefined;
    const first = new Promise<Receipt>((resolve) => void (free = () => resolve(done('first'))));
    const begun: string[] = [];
    const waiting = (name: string) => ({
      lock: 'a',
      perform: async (): Promise<Receipt> => {
        begun.push(name);
        return done(name);
      },
    });
    const holding = executions.run(grant('first'), call, { lock: 'a', perform: () => first });
    const off = new AbortController();
    const late = executions.run(grant('late', { deadline: clock.now() + 1_000 }), call, waiting('late'));
    const calledOff = executions.run(grant('off'), { signal: off.signal, traceId: 't' }, waiting('off'));
    await clock.advance(2_000);
    off.abort();
    executions.close();
    const closed = executions.run(grant('closed'), call, waiting('closed'));
    free();
    expect(await holding).toEqual(done('first'));
    expect(await late).toMatchObject({ result: 'unknown' });
    expect(await calledOff).toMatchObject({ result: 'unknown' });
    expect(await closed).toMatchObject({ result: 'cancelled' });
    await clock.advance(0);
    expect(begun).toEqual([]);
  });

  it('keep the code of an error of ours, and call any other a failure of the orchestrator', async () => {
    const { executions, grant, call } = bench();
    const failing = (error: Error) => ({
      lock: 'a',
      perform: async (): Promise<Receipt> => {
        throw error;
      },
    });
    const ours = guardError('GUARD_ORCHESTRATOR_UNSUPPORTED', { orchestrator: 'o', verb: 'fly' });
    expect(await executions.run(grant('k1'), call, failing(ours))).toMatchObject({
      result: 'failed',
      retryable: false,
      code: 'GUARD_ORCHESTRATOR_UNSUPPORTED',
    });
    expect(await executions.run(grant('k2'), call, failing(new Error('gone')))).toMatchObject({
      result: 'failed',
      retryable: true,
      code: 'GUARD_ORCHESTRATOR_FAILED',
      text: 'gone',
    });
  });
});
