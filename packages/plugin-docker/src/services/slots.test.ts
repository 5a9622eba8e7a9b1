import { describe, expect, test } from 'vitest';
import { errorOf, isSameSpec, judge, type JudgeFacts, slotsOf } from './slots.ts';
import { aService, at, aTask, minuteMs } from '../../test/swarm-samples.ts';

const names = (service = aService(), tasks = [aTask()]): readonly string[] =>
  slotsOf(service, tasks).map(({ name }) => name);

describe('the slots of a service', () => {
  test('are those with a task that is wanted, in their order', () => {
    const tasks = [
      aTask({ id: 'c', slot: 10 }),
      aTask({ id: 'b', slot: 2, state: 'pending' }),
      aTask({ id: 'a', slot: 1, state: 'failed', wanted: 'shutdown' }),
    ];
    expect(names(aService({ replicas: 2 }), tasks)).toEqual(['2', '10']);
  });

  test('are as many that ended by themselves as are missing', () => {
    const dead = [1, 2, 3].map((slot) => aTask({ id: `t${slot}`, slot, state: 'failed', wanted: 'shutdown' }));
    expect(names(aService({ replicas: 2 }), dead)).toEqual(['1', '2']);
    expect(names(aService({ replicas: 2 }), [...dead, aTask({ id: 'new', slot: 4 })])).toEqual(['1', '4']);
    expect(names(aService({ replicas: 0 }), dead)).toEqual([]);
  });

  test('lose who is removed or was stopped for good', () => {
    const tasks = [
      aTask({ id: 'a', slot: 1, wanted: 'remove' }),
      aTask({ id: 'b', slot: 2, state: 'shutdown', wanted: 'shutdown' }),
    ];
    expect(names(aService({ replicas: 2 }), tasks)).toEqual([]);
  });

  test('of a global service are its nodes', () => {
    const tasks = [
      aTask({ id: 'a', node: 'n1' }),
      aTask({ id: 'b', node: 'n2', state: 'failed', wanted: 'shutdown' }),
      aTask({ id: 'c', node: 'n3', state: 'shutdown', wanted: 'shutdown' }),
    ];
    expect(names(aService({ global: true }), tasks)).toEqual(['n1', 'n2']);
    const withLost = slotsOf(aService({ global: true }), tasks, (nodeId) => nodeId === 'n3');
    expect(withLost.map(({ name }) => name)).toEqual(['n1', 'n2', 'n3']);
  });
});

describe('a slot', () => {
  const running = aTask({ id: 'old', made: 0 });
  const failed = aTask({ id: 'old', made: 0, state: 'failed', wanted: 'shutdown', error: 'task: non-zero exit (3)' });
  const view = (tasks: Parameters<typeof slotsOf>[1], given: Partial<JudgeFacts> = {}): ReturnType<typeof judge> => {
    const facts = { service: aService(), now: at, graceMs: 2_000, paused: new Set<string>(), isDown: () => false };
    return judge({ name: '1', tasks }, { ...facts, ...given });
  };

  test('is its newest task that runs, also while the one before still ends', () => {
    const fresh = aTask({ id: 'new', made: 1 });
    expect(view([running, fresh])).toMatchObject({ current: { ID: 'new' }, state: 'running' });
    expect(view([{ ...running, DesiredState: 'shutdown' }, fresh])).toMatchObject({ current: { ID: 'new' } });
  });

  test('is the one that is being stopped until another runs', () => {
    const leaving = { ...running, DesiredState: 'shutdown' };
    const next = aTask({ id: 'new', made: 1, state: 'ready', wanted: 'ready' });
    expect(view([leaving, next])).toMatchObject({ current: { ID: 'old' }, state: 'running' });
  });

  test('starts as long as Swarm has its delay and the grace to replace what died, and is dead then', () => {
    const next = aTask({ id: 'new', made: 1, state: 'ready', wanted: 'ready' });
    const memory = { task: running };
    const first = view([failed, next], { memory });
    expect(first).toMatchObject({ current: { ID: 'old' }, state: 'starting', downSince: at });
    const later = { memory: { task: failed, downSince: at } };
    expect(view([failed, next], { ...later, now: at + 6_999 }).state).toBe('starting');
    const dead = view([failed, next], { ...later, now: at + 7_000 });
    // Swarm goes on trying to bring it back.
    expect(dead).toMatchObject({ current: { ID: 'old' }, state: 'exited', ending: 'failed', mayRun: true });
  });

  test('starts for as long as its next task is on its way on a node', () => {
    const now = at + minuteMs;
    const next = aTask({ id: 'new', made: 1, state: 'preparing' });
    expect(view([failed, next], { now }).state).toBe('starting');
    const waiting = aTask({ id: 'new', made: 1, state: 'pending', error: 'no suitable node' });
    expect(view([failed, waiting], { now })).toMatchObject({ state: 'exited', obstacle: 'no suitable node' });
  });

  test('has the delay and the grace once more when its next task comes to nothing, and only once', () => {
    const now = at + minuteMs;
    const memory = { task: failed, downSince: at };
    const coming = aTask({ id: 'n1', made: 1, state: 'preparing' });
    expect(view([failed, coming], { now, memory }).downSince).toBe(now);
    const vain = aTask({ id: 'n1', made: 1, state: 'rejected', wanted: 'shutdown' });
    const again = aTask({ id: 'n2', made: 2, state: 'preparing' });
    expect(view([failed, vain, again], { now, memory })).toMatchObject({ state: 'starting', downSince: at });
  });

  test('keeps the task that died while others in its place are rejected', () => {
    const rejected = aTask({ id: 'r1', made: 1, state: 'rejected', wanted: 'shutdown', error: 'No such image' });
    const next = aTask({ id: 'r2', made: 2, state: 'ready', wanted: 'ready' });
    const memory = { task: failed, downSince: at - minuteMs };
    expect(view([failed, rejected, next], { memory })).toMatchObject({ current: { ID: 'old' }, state: 'exited' });
    // Also when Swarm has forgotten it.
    expect(view([rejected, next], { memory })).toMatchObject({ current: { ID: 'old' }, ending: 'failed' });
  });

  test('does not run when its task is forgotten, whatever was heard of it last', () => {
    const waiting = aTask({ id: 'new', made: 1, state: 'pending' });
    expect(view([waiting], { memory: { task: running } })).toMatchObject({ current: { ID: 'old' }, state: 'starting' });
  });

  test('does not run on a node that is down, although nobody has heard that it ended', () => {
    const lost = { ...running, DesiredState: 'shutdown' };
    const waiting = aTask({ id: 'new', made: 1, state: 'pending' });
    const given = { isDown: (nodeId: string) => nodeId === 'n1', memory: { task: running } };
    const seen = view([lost, waiting], given);
    expect(seen).toMatchObject({ current: { ID: 'old' }, state: 'starting' });
    expect(errorOf(seen.current)).toBe('its node is down');
  });

  test('is dead at once where Swarm restarts nothing, and done where it ended well', () => {
    const policy = { Condition: 'none' };
    const ended = (state: string) => aTask({ id: 'old', state, wanted: 'shutdown', policy });
    expect(view([ended('failed')])).toMatchObject({ state: 'exited', ending: 'failed' });
    expect(view([ended('complete')])).toMatchObject({ state: 'stopped', ending: 'done' });
    const lifetime = aService({ labels: { 'praetorian.lifetime': 'service' } });
    expect(view([ended('complete')], { service: lifetime })).toMatchObject({ state: 'exited', ending: 'failed' });
  });

  test('of a job is done when it ended well, whatever its policy is', () => {
    const done = aTask({ id: 'old', state: 'complete', wanted: 'complete' });
    expect(view([done], { service: aService({ job: true }) })).toMatchObject({ state: 'stopped', ending: 'done' });
    expect(view([done]).state).toBe('starting');
  });

  test('of a service that never found a node is told after its time', () => {
    const waiting = aTask({ id: 'new', state: 'pending', error: 'no suitable node' });
    expect(view([waiting]).state).toBe('starting');
    expect(view([waiting], { now: at + 7_000 })).toMatchObject({ state: 'exited', ending: 'unplaced' });
  });

  test('is paused when its container is', () => {
    expect(view([running], { paused: new Set(['container-old']) }).state).toBe('paused');
  });
});

test('what was wrong with a task is what Swarm says, or its code', () => {
  expect(errorOf(aTask({ state: 'failed', error: 'task: non-zero exit (3)' }))).toBe('task: non-zero exit (3)');
  expect(errorOf(aTask({ state: 'complete' }))).toBe('it ended with code 0');
  expect(errorOf(aTask())).toBeUndefined();
});

test('a task that Swarm replaced by itself has the spec of the one before', () => {
  expect(isSameSpec(aTask({ id: 'a' }), aTask({ id: 'b' }))).toBe(true);
  expect(isSameSpec(aTask({ id: 'a' }), aTask({ id: 'b', force: 1 }))).toBe(false);
});
