import { describe, expect, it } from 'vitest';
import type { Grant, StoreOp } from '../../contracts/index.ts';
import type { Incident, Intent, Json } from '../../model/index.ts';
import { createVirtualClock } from '../virtual-clock.ts';
import { drawScenario } from './draw.ts';
import { Recorder } from './recorder.ts';
import { Witness } from './witness.ts';

const key = 'inc_1/1/3-restart';
const intent: Intent = {
  key,
  action: { kind: 'restart', agentId: 'web.1', instanceId: 'i1', graceMs: 0 },
  affects: ['web.1'],
  before: {},
};
const grant: Grant = { key, fence: 1, deadline: Number.MAX_SAFE_INTEGER, dryRun: false };

/** A commit of an acting incident, with its line. */
function acting(version: number, attempt = 1): readonly StoreOp[] {
  const incident = {
    id: 'inc_1',
    version,
    agentId: 'web.1',
    group: 'web',
    state: 'acting',
    attempt: { number: attempt, steps: [{ id: '3-restart', state: 'started', key }] },
  };
  const line = { seq: version, incidentId: 'inc_1', reason: { code: 'rung-chosen', text: 'So it is.' } };
  return [
    { op: 'put', key: 'shard/1/incident/inc_1', value: incident, when: 'any' },
    { op: 'put', key: `shard/1/timeline/inc_1/${version}`, value: line as unknown as Json, when: 'any' },
  ];
}

async function scene(): Promise<{ witness: Witness; broken: () => readonly string[] }> {
  const clock = createVirtualClock();
  await clock.advance(60_000);
  const recorder = new Recorder(clock);
  const scenario = { ...drawScenario(1), groups: [{ id: 'web', agents: ['web.1'], mode: 'auto' as const }] };
  return {
    witness: new Witness(scenario, clock, recorder),
    broken: () => recorder.violations.map((one) => one.invariant),
  };
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
