import type { Incident } from '@praetorian-guard/core';
import { describe, expect, it } from 'vitest';
import type { EngineEvent } from '../../../examples/reference-host/test/docker/engine-log.ts';
import { countActions, leftovers, wrongActions } from './judge.ts';
import { objectionTo } from './refusals.ts';

const event = (action: string, at: number, change: Partial<EngineEvent> = {}): EngineEvent => ({
  at,
  action,
  containerId: 'c1',
  name: 'fleet-workers.1',
  agentId: 'workers.1',
  key: undefined,
  exitCode: undefined,
  signal: undefined,
  ...change,
});

/** An incident with one attempt, whose one step did this and came to that. */
function incident(kind: string, result: string): Incident {
  const effect = { type: 'action', intent: { action: { kind } } };
  const step = { id: '1', state: 'finished', effect, receipt: { result, at: 150 } };
  return { id: 'inc_1', state: 'resolved', attempts: [{ steps: [step] }] } as unknown as Incident;
}

describe('a wrong action', () => {
  const window = { agentId: 'workers.1', from: 100, to: 200 };

  it('is a deed on an agent outside of its faults', () => {
    expect(wrongActions([event('start', 150), event('kill', 1_100)], [window])).toEqual([]);
    expect(wrongActions([event('kill', 50)], [window])).toHaveLength(1);
    expect(wrongActions([event('stop', 1_300)], [window])).toHaveLength(1);
    expect(wrongActions([event('restart', 150, { agentId: 'workers.2' })], [window])).toHaveLength(1);
  });

  it('is neither how a container ends or fares, nor the end of one that was kept', () => {
    const kept = event('destroy', 9_000, { name: 'praetorian-kept.fleet-workers.1.1' });
    expect(wrongActions([event('die', 50), event('health_status: healthy', 50), kept], [window])).toEqual([]);
  });
});

describe('journaled actions', () => {
  const told = { agentId: 'workers.1', since: 100, ownStarts: 0, stuck: 0 };

  it('are each seen by the engine once', () => {
    const one = { ...told, events: [event('start', 1)], incidents: [incident('restart', 'succeeded')] };
    expect(countActions(one)).toEqual({ lost: [], duplicated: [] });
    expect(countActions({ ...one, events: [] }).lost).toHaveLength(1);
    expect(countActions({ ...one, events: [event('start', 1), event('start', 2)] }).duplicated).toHaveLength(1);
  });

  it('of a fault of before do not count', () => {
    const one = { ...told, since: 200, events: [], incidents: [incident('restart', 'succeeded')] };
    expect(countActions(one)).toEqual({ lost: [], duplicated: [] });
  });

  it('that fail to replace a container start the old one again', () => {
    const events = [event('create', 1, { key: 'k' }), event('start', 2), event('start', 3)];
    expect(countActions({ ...told, events, incidents: [incident('recreate', 'failed')] }).duplicated).toEqual([]);
  });

  it('make no container twice', () => {
    const events = [event('create', 1, { key: 'k' }), event('create', 2, { key: 'k' }), event('start', 3)];
    expect(countActions({ ...told, events, incidents: [incident('recreate', 'succeeded')] }).duplicated).toEqual([
      'workers.1: made twice for k',
    ]);
  });

  it('may make a container again that could not be started and is gone', () => {
    const stuck = { key: 'k', containerId: 'stuck' };
    const made = [event('create', 1, stuck), event('create', 3, { key: 'k' }), event('start', 4)];
    const incidents = [incident('recreate', 'succeeded')];
    const count = (at: number, saidStuck = 1) =>
      countActions({ ...told, events: [...made, event('destroy', at, stuck)], incidents, stuck: saidStuck }).duplicated
        .length;
    expect([count(2), count(5), count(2, 0)]).toEqual([0, 1, 1]);
  });
});

it('is left over what no agent needs', () => {
  const one = { agentId: 'workers.1', name: '/fleet-workers.1', state: 'running' };
  const kept = { ...one, name: '/praetorian-kept.fleet-workers.1.1', state: 'exited' };
  expect(leftovers([one, kept], ['workers.1'])).toEqual([]);
  expect(leftovers([one, kept, { ...kept, name: `${kept.name}2` }], ['workers.1'])).toHaveLength(1);
  expect(leftovers([one, { ...kept, state: 'running' }], ['workers.1'])).toHaveLength(1);
  expect(leftovers([one, { ...one, name: '/other' }], ['workers.1'])).toHaveLength(1);
  expect(leftovers([one, { ...one, agentId: 'workers.9' }], ['workers.1'])).toHaveLength(1);
});

describe('a refusal', () => {
  const situation = {
    kind: 'exit' as const,
    agentId: 'workers.1',
    groupSize: 7,
    now: 1_000_000,
    events: [1, 2, 3].map((at) => event('start', 900_000 + at)),
    faultsInGroup: [950_000],
    attempts: [900_001, 900_002, 900_003],
    guardStartedAt: 0,
    faultsOfAgent: 1,
  };

  const objection = (code: string, of: Partial<typeof situation> = {}, text = '') =>
    objectionTo({ code, text }, { ...situation, ...of });

  it('is right when the engine saw what it speaks of', () => {
    expect(objection('attempt-budget-exhausted')).toBeUndefined();
    expect(objection('attempt-budget-exhausted', { attempts: [1, 2, 900_003] })).toContain('does not fit');
    expect(objection('fleet-breaker-open')).toContain('does not fit');
    expect(objection('fleet-breaker-open', { faultsInGroup: [950_000, 1, 950_001, 950_002] })).toBe(undefined);
  });

  it('because the guard gets to know the fleet is right soon after its start', () => {
    expect(objection('settling', { guardStartedAt: 970_000 })).toBeUndefined();
    expect(objection('settling')).toContain('does not fit');
  });

  it('because of a budget is right when what was done and what is refused may be more than that', () => {
    const codes = ['group-budget-exhausted', 'global-budget-exhausted'];
    const isRight = (events: EngineEvent[], weight: number): readonly boolean[] =>
      codes.map((code) => objection(code, { events }, `A restart (weight ${weight}) does not fit`) === undefined);
    const made = (at: number) => [event('create', at, { key: `${at}` }), event('start', at)];
    const five = [1, 2, 3, 4, 5].flatMap((at) => made(900_000 + at));
    expect(isRight(situation.events, 4)).toEqual([false, false]);
    expect(isRight(made(900_000), 3)).toEqual([false, false]);
    expect(isRight(made(900_000), 4)).toEqual([true, false]);
    expect(isRight(five, 1)).toEqual([true, true]);
  });

  it('needs a reason that is known to fit', () => {
    expect(objectionTo(undefined, situation)).toContain('nothing says why');
    expect(objection('nothing-wrong')).toContain('does not fit');
    expect(objection('single-evidence')).toContain('does not fit');
  });
});
