import { describe, expect, test } from 'vitest';
import { foreignRollout, isGuards, progressOf, rolloutOf } from './rollout.ts';
import { ageOf } from './swarm-facts.ts';
import { aService, aTask } from '../../test/swarm-samples.ts';

describe('a rollout', () => {
  test('is what Swarm says of the update', () => {
    const of = (state?: string) => rolloutOf(aService({ update: state }));
    expect(['updating', 'rollback_started'].map(of)).toEqual(['in-progress', 'in-progress']);
    expect(['paused', 'rollback_paused'].map(of)).toEqual(['paused', 'paused']);
    expect([undefined, 'completed', 'rollback_completed'].map(of)).toEqual([undefined, undefined, undefined]);
  });

  test("is the guard's own when the last update brought its key, and somebody else's after the next", () => {
    const own = aService({ key: 'k2', keyBefore: 'k1', update: 'paused' });
    expect([isGuards(own), foreignRollout(own)]).toEqual([true, undefined]);
    const theirs = aService({ key: 'k2', keyBefore: 'k2', update: 'paused' });
    expect([isGuards(theirs), foreignRollout(theirs)]).toEqual([false, 'paused']);
    const never = aService({ update: 'updating' });
    expect(foreignRollout(never)).toBe('in-progress');
    const undone = aService({ key: 'k1', keyBefore: 'k2', update: 'rollback_started' });
    expect(foreignRollout(undone)).toBe('in-progress');
  });
});

describe('the progress of an update of the guard', () => {
  const old = aTask({ id: 'old', made: 1, wanted: 'shutdown' });
  const fresh = (given: Parameters<typeof aTask>[0] = {}) => aTask({ id: 'new', made: 3, force: 1, ...given });
  const progress = (update: string | undefined, slot: readonly ReturnType<typeof aTask>[], others = slot) =>
    progressOf({ service: aService({ update, force: 1 }), tasks: others, slot, since: ageOf(old) });

  test('waits for its turn, comes, is up, and is done', () => {
    expect(progress('updating', [old])).toEqual({ is: 'queued' });
    expect(progress(undefined, [old, fresh({ state: 'starting' })])).toMatchObject({ is: 'coming' });
    expect(progress('updating', [old, fresh()])).toMatchObject({ is: 'up', task: { ID: 'new' } });
    expect(progress('completed', [old, fresh()])).toMatchObject({ is: 'done', task: { ID: 'new' } });
  });

  test('is not helped by tasks of before, nor by those that Swarm made of the old spec', () => {
    const earlier = aTask({ id: 'earlier', made: 0, force: 1 });
    const replaced = aTask({ id: 'replaced', made: 2, force: 0 });
    expect(progress('updating', [earlier, old, replaced])).toEqual({ is: 'queued' });
  });

  test('has failed when Swarm stopped it, with the reason of its own task or else of the one that was to blame', () => {
    const broken = fresh({ state: 'failed', wanted: 'shutdown', error: 'exit 3' });
    expect(progress('paused', [old, broken])).toEqual({ is: 'failed', why: 'task new: exit 3' });
    expect(progress('paused', [old], [old, { ...broken, ID: 'sister' }])).toEqual({
      is: 'failed',
      why: 'task sister: exit 3',
    });
    expect(progress('paused', [old])).toEqual({ is: 'failed', why: 'paused it is' });
  });

  test('has failed when Swarm calls it complete and the task does not run', () => {
    const broken = fresh({ state: 'failed', wanted: 'shutdown', error: 'exit 3' });
    expect(progress('completed', [old])).toMatchObject({ is: 'failed' });
    expect(progress('completed', [old, broken])).toEqual({ is: 'failed', why: 'task new: exit 3' });
    expect(progress('completed', [old, fresh({ state: 'pending', error: 'no node' })])).toEqual({
      is: 'coming',
      why: 'no node',
    });
  });
});
