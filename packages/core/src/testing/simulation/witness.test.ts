import { describe, expect, it } from 'vitest';
import type { Grant, InventoryEvent, StoreOp } from '../../contracts/index.ts';
import type { Agent, Incident, Instance, Intent, Json } from '../../model/index.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { drawScenario } from './draw.ts';
import { Recorder } from './recorder.ts';
import type { Scenario } from './scenario.ts';
import { globalLimit, groupLimit } from './scenario.ts';
import { Witness } from './witness.ts';
import { sweepMs } from './world-book.ts';

const key = 'inc_1/1/3-restart';
const intent: Intent = {
  key,
  action: { kind: 'restart', agentId: 'web.1', instanceId: 'i1', graceMs: 0 },
  affects: ['web.1'],
  before: {},
};
const grant: Grant = { key, fence: 1, deadline: Number.MAX_SAFE_INTEGER, dryRun: false };

/** A commit of an acting incident, with its line. */
function acting(version: number, attempt = 1, more: object = {}): readonly StoreOp[] {
  const incident = {
    id: 'inc_1',
    version,
    agentId: 'web.1',
    group: 'web',
    state: 'acting',
    attempt: {
      number: attempt,
      plan: { rung: 'restart' },
      steps: [{ id: '3-restart', state: 'started', key }],
      ...more,
    },
  };
  const line = { seq: version, incidentId: 'inc_1', reason: { code: 'rung-chosen', text: 'So it is.' } };
  return [
    { op: 'put', key: 'shard/1/incident/inc_1', value: incident, when: 'any' },
    { op: 'put', key: `shard/1/timeline/inc_1/${version}`, value: line as unknown as Json, when: 'any' },
  ];
}

const alone: Scenario['groups'] = [{ id: 'web', agents: ['web.1'], mode: 'auto', dependsOn: [] }];

async function scene(more: Partial<Scenario> = {}) {
  const clock = createVirtualClock();
  const recorder = new Recorder(clock);
  const { window: _, ...drawn } = drawScenario(1);
  const scenario: Scenario = { ...drawn, groups: alone, quorum: 1, canaries: false, inFlight: 1, ...more };
  const witness = new Witness(scenario, clock, recorder);
  witness.book.booted();
  witness.book.inSight(true);
  await clock.advance(60_000);
  return { clock, witness, broken: () => recorder.violations.map((one) => one.invariant) };
}

describe('the witness of a simulation', () => {
  it('has nothing to say of a journaled action on an agent that suffers', async () => {
    const { witness, broken } = await scene();
    witness.blame('web.1', 1_000);
    witness.committed(acting(1), true);
    witness.called(intent, grant);
    expect(broken()).toEqual([]);
  });

  it('notices an action nobody journaled', async () => {
    const { witness, broken } = await scene();
    witness.called(intent, grant);
    expect(broken()).toEqual(['I2']);
  });

  it('notices an action on an innocent agent', async () => {
    const { witness, broken } = await scene();
    witness.committed(acting(1), true);
    witness.called(intent, grant);
    expect(broken()).toEqual(['I4']);
  });

  it('notices two actions on one agent at once, and one under a hold', async () => {
    const { witness, broken } = await scene();
    witness.blame('web.1', 1_000);
    witness.committed(acting(1), true);
    witness.began({ ...intent, key: 'inc_0/1/3-restart' });
    const hold = { id: 'hold_1', scope: { kind: 'fleet' }, at: 0, until: 1_000_000 };
    witness.committed([{ op: 'put', key: 'hold/hold_1', value: hold as unknown as Json, when: 'any' }], true);
    witness.called(intent, grant);
    expect(broken()).toEqual(['I1', 'I6']);
  });

  it('notices an attempt above the budget, a gap in the versions and a forbidden move', async () => {
    const { witness, broken } = await scene();
    for (const number of [1, 2, 3, 4]) witness.committed(acting(number, number), true);
    expect(broken()).toEqual([]);
    witness.committed(acting(5, 5), true);
    expect(broken()).toEqual(['I5']);
    witness.committed(acting(7, 5), true);
    expect(broken()).toEqual(['I5', 'I8']);
    const [put, line] = acting(8) as readonly [Extract<StoreOp, { op: 'put' }>, StoreOp];
    const held = { ...(put.value as unknown as Incident), state: 'held' };
    witness.committed([{ ...put, value: held as unknown as Json }, line], true);
    expect(broken()).toEqual(['I5', 'I8', 'I8']);
  });
});

/** The world says how the instance of an agent is. */
function state(id: string, is: Instance['state'], rollout?: Agent['rollout']): InventoryEvent {
  const instance: Instance = { id: 'i1', generation: 1, ref: {}, ...(is === undefined ? {} : { state: is }) };
  return { type: 'present', agent: { id, group: 'web', labels: {}, instance, ...(rollout ? { rollout } : {}) } };
}

const dead = ['web.1', 'web.2', 'web.3'];

describe('the witness of a simulation, by the state of the world', () => {
  it('notices what is done to an agent that somebody stopped, once the guard has to know of it', async () => {
    const { witness, broken, clock } = await scene();
    witness.blame('web.1', 60_000);
    witness.committed(acting(1), true);
    witness.book.hear(state('web.1', 'stopped'));
    witness.called(intent, grant);
    expect(broken()).toEqual([]);
    await clock.advance(sweepMs);
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6']);
    witness.book.inSight(false);
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6']);
  });

  it('notices what is done in a rollout, unless the attempt has acted already', async () => {
    const { witness, broken, clock } = await scene();
    witness.blame('web.1', 60_000);
    witness.book.hear(state('web.1', 'running', 'in-progress'));
    await clock.advance(sweepMs);
    const done = { state: 'finished', effect: { type: 'action' }, receipt: { result: 'succeeded' } };
    const steps = [done, { id: '3-restart', state: 'started', key }];
    witness.committed(acting(1, 1, { steps }), true);
    witness.called(intent, grant);
    expect(broken()).toEqual([]);
    witness.committed(acting(2), true);
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6']);
  });

  it('notices what is done in a window of maintenance, unless the clock was set', async () => {
    const { witness, broken, clock } = await scene({ window: { everyMin: 5, forMin: 2, group: 'web' } });
    witness.blame('web.1', 60_000);
    witness.committed(acting(1), true);
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6']);
    await clock.advance(61_000);
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6']);
    await clock.advance(239_000);
    witness.book.stepped();
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6']);
  });

  it('notices what is done to an agent whose dependency is dead', async () => {
    const groups = [...alone, { id: 'db', agents: ['db.1'], mode: 'auto', dependsOn: [] } as const];
    const needs = groups.map((group) => (group.id === 'web' ? { ...group, dependsOn: ['db.1'] } : group));
    const { witness, broken, clock } = await scene({ groups: needs });
    witness.blame('web.1', 60_000);
    witness.committed(acting(1), true);
    witness.book.hear(state('db.1', 'exited'));
    await clock.advance(sweepMs);
    witness.called(intent, grant);
    expect(broken()).toEqual([]);
    witness.committed(acting(2, 2), true);
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6']);
  });

  it('notices an attempt that is no canary while so many are dead that the breaker has to be open', async () => {
    const agents = [...dead, 'web.4', 'web.5'];
    const { witness, broken, clock } = await scene({ groups: [{ id: 'web', agents, mode: 'auto', dependsOn: [] }] });
    for (const agentId of dead) witness.book.hear(state(agentId, 'exited'));
    witness.committed(acting(1), true);
    witness.called(intent, grant);
    expect(broken()).toEqual([]);
    await clock.advance(sweepMs);
    witness.committed(acting(2, 2, { canary: 1 }), true);
    witness.called(intent, grant);
    expect(broken()).toEqual([]);
    witness.committed(acting(3, 3), true);
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6']);
  });

  it('does not count all of two as too many when one was in trouble before the other', async () => {
    const groups: Scenario['groups'] = [{ id: 'web', agents: ['web.1', 'web.2'], mode: 'auto', dependsOn: [] }];
    const { witness, broken, clock } = await scene({ groups });
    witness.book.hear(state('web.1', 'exited'));
    witness.committed(acting(1), true);
    await clock.advance(20_000);
    witness.book.hear(state('web.2', 'exited'));
    await clock.advance(sweepMs);
    witness.committed(acting(2, 2), true);
    witness.called(intent, grant);
    expect(broken()).toEqual([]);
  });

  it('counts all of two as too many when they died at once', async () => {
    const groups: Scenario['groups'] = [{ id: 'web', agents: ['web.1', 'web.2'], mode: 'auto', dependsOn: [] }];
    const { witness, broken, clock } = await scene({ groups });
    for (const agentId of ['web.1', 'web.2']) witness.book.hear(state(agentId, 'exited'));
    await clock.advance(sweepMs);
    witness.committed(acting(1), true);
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6']);
  });

  it('notices too many recoveries at once, and too much weight for group and fleet', async () => {
    const groups: Scenario['groups'] = [{ id: 'web', agents: ['web.1', 'web.2'], mode: 'auto', dependsOn: [] }];
    const { witness, broken, clock } = await scene({ groups, inFlight: 0.5 });
    const other = acting(1).map(
      (op) => JSON.parse(JSON.stringify(op).replaceAll('inc_1', 'inc_2').replaceAll('web.1', 'web.2')) as StoreOp,
    );
    witness.committed(acting(1, 1, { plan: { rung: 'respawn' } }), true);
    expect(broken()).toEqual([]);
    witness.committed(other, true);
    expect(broken()).toEqual(['I6']);
    witness.committed(acting(2, 2, { plan: { rung: 'respawn' } }), true);
    expect(broken()).toEqual(['I6', 'I5', 'I6']);
    await clock.advance(globalLimit.perMs);
    const { length } = broken();
    witness.committed(acting(3, 3, { plan: { rung: 'respawn' } }), true);
    expect(broken().slice(length)).toEqual(['I6']);
  });

  it('lets a budget fill up by as much as the clock was set on, once', async () => {
    const { witness, broken, clock } = await scene();
    clock.jumpWall(groupLimit.perMs);
    witness.committed(acting(1, 1, { plan: { rung: 'respawn' } }), true);
    witness.committed(acting(2, 2, { plan: { rung: 'recreate' } }), true);
    for (const number of [3, 4]) witness.committed(acting(number, number, { plan: { rung: 'recreate' } }), true);
    witness.committed(acting(5, 5, { plan: { rung: 'respawn' } }), true);
    expect(broken()).toEqual([]);
    witness.committed(acting(6, 6, { plan: { rung: 'restart' } }), true);
    expect(broken()).toEqual(['I5']);
  });

  it('notices an order that fewer persons wanted than it needs', async () => {
    const { witness, broken } = await scene({ quorum: 2 });
    witness.committed(acting(1, 1, { orderedBy: 'ann' }), true);
    witness.wanted('web.1', 'ann');
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6']);
    witness.wanted('inc_1', 'ann');
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6', 'I6']);
    witness.wanted('inc_1', 'bob');
    witness.called(intent, grant);
    expect(broken()).toEqual(['I6', 'I6']);
  });
});
