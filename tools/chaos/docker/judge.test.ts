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
  const told = { agentId: 'workers.1', since: 100, ownStarts: 0 };

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
    const count = (at: number) =>
      countActions({ ...told, events: [...made, event('destroy', at, stuck)], incidents }).duplicated;
    expect([count(2).length, count(5).length]).toEqual([0, 1]);
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
    faultsOfAgent: 1,
  };

  it('is right when the engine saw what it speaks of', () => {
    expect(objectionTo('attempt-budget-exhausted', situation)).toBeUndefined();
    expect(objectionTo('attempt-budget-exhausted', { ...situation, events: [] })).toContain('does not fit');
    expect(objectionTo('fleet-breaker-open', situation)).toContain('does not fit');
    expect(objectionTo('fleet-breaker-open', { ...situation, faultsInGroup: [950_000, 1, 950_001, 950_002] })).toBe(
      undefined,
    );
  });

  it('because of a budget is right when what was done may leave too little for a respawn', () => {
    const codes = ['group-budget-exhausted', 'global-budget-exhausted'];
    const objections = (events: readonly EngineEvent[]) =>
      codes.map((code) => objectionTo(code, { ...situation, events }) === undefined);
    const made = (at: number) => [event('create', at, { key: `${at}` }), event('start', at)];
    expect(objections(situation.events)).toEqual([false, false]);
    expect(objections(made(900_000))).toEqual([true, false]);
    expect(objections([1, 2, 3, 4, 5].flatMap((at) => made(900_000 + at)))).toEqual([true, true]);
  });

  it('needs a reason that is known to fit', () => {
    expect(objectionTo(undefined, situation)).toContain('nothing says why');
    expect(objectionTo('nothing-wrong', situation)).toContain('does not fit');
    expect(objectionTo('single-evidence', situation)).toContain('does not fit');
  });
});
