import { expect, it } from 'vitest';
import type { Agent, Incident, Instance, Receipt } from '../../src/model/index.ts';
import type { IncidentEvent } from '../../src/incident/index.ts';
import { guardError } from '../../src/contracts/index.ts';
import type { Orchestrator } from '../../src/contracts/index.ts';
import { actingAt, begun, goOn, instance, resultIn } from './executor-rig.ts';

const plan = { rung: 'recreate', timeoutMs: 60_000 } as never;
const agent = { id: 'web.1', group: 'web', instance } as Agent;
const fenced = guardError('GUARD_STATE_FENCED', { partition: 'shard/1', fence: 1, highest: 2 });
const restore = { id: '4-restore', spec: { type: 'action', action: 'restoreState', on: 'new' } } as const;
const handover = { type: 'restore', agentId: 'web.1', instanceId: instance.id, checkpointId: 'ckp_1' };
const restoring = begun(restore, 'inc_1/1/4-restore', handover);

it('a state is handed over once, however long the store does not take the outcome', async () => {
  const given: string[] = [];
  const events: IncidentEvent[] = [];
  let open = true;
  const incident = actingAt(restoring, { plan, instance });
  await goOn(
    incident,
    'resume',
    (clock) => ({
      agent: () => agent,
      incident: () => (open ? incident : undefined),
      gate: () => ({ verdict: 'proceed', rules: [] }) as never,
      restoreState: async (_agent, { id }: Instance) => {
        given.push(id);
        return { ok: true };
      },
      apply: async (_id, event) => {
        if (clock.monotonic() < 60_000) throw fenced;
        events.push(event);
        open = false;
        return undefined;
      },
    }),
    70_000,
  );
  expect([given, resultIn(events)]).toEqual([[instance.id], 'succeeded']);
});

it('an action whose outcome the store does not take is neither done nor looked for again', async () => {
  const action = { kind: 'recreate', agentId: 'web.1', instanceId: instance.id, graceMs: 0 };
  const intent = { key: 'inc_1/1/3-recreate', action, affects: ['web.1'], before: {} };
  const effect = { type: 'action', orchestrator: 'fake', intent };
  const recreate = { id: '3-recreate', spec: { type: 'action', action: 'recreate', on: 'old' } } as const;
  const incident = actingAt(begun(recreate, intent.key, effect), { plan, instance });
  const asked: string[] = [];
  const say = (what: string, result: string): Promise<Receipt> => {
    asked.push(what);
    return Promise.resolve({ key: intent.key, at: 0, result, text: result } as Receipt);
  };
  await goOn(
    incident,
    'resume',
    () => ({
      incident: () => incident,
      fence: () => 1,
      gate: () => ({ verdict: 'proceed', rules: [] }) as never,
      orchestrator: () =>
        ({
          execute: () => say('execute', 'succeeded'),
          reconcile: () => say('reconcile', 'failed'),
        }) as unknown as Orchestrator,
      apply: () => Promise.reject(fenced),
    }),
    60_000,
  );
  expect(asked).toEqual(['reconcile', 'execute']);
});

it('nothing is done, begun or not, while the guard does not hold its lease', async () => {
  let held = false;
  const done: number[] = [];
  const events = await goOn(
    actingAt(restoring, { plan, instance }),
    'resume',
    (clock) => ({
      agent: () => agent,
      owns: () => held || ((held = clock.monotonic() >= 30_000), held),
      gate: () => ({ verdict: 'proceed', rules: [] }) as never,
      restoreState: async () => {
        done.push(clock.monotonic());
        return { ok: true };
      },
    }),
    40_000,
  );
  expect([done, resultIn(events)]).toEqual([[30_000], 'succeeded']);
});

it('a step that was journaled without an answer and not done yet is done as one that was not begun before', async () => {
  const planned = { ...restore, timeoutMs: 60_000, onFailure: 'fail', state: 'planned' };
  let incident: Incident | undefined = actingAt(planned, { plan, instance });
  const begunAt: (number | undefined)[] = [];
  await goOn(
    incident,
    'drive',
    () => ({
      agent: () => agent,
      incident: () => incident,
      gate: () => ({ verdict: 'proceed', rules: [] }) as never,
      latestCheckpoint: async () => ({ id: 'ckp_1' }) as never,
      onStep: () => undefined,
      restoreState: async (_agent, _instance, given) => {
        begunAt.push(given.begunAt);
        return { ok: true };
      },
      apply: async (_id, event) => {
        incident = undefined;
        if (event.type !== 'step-started') return undefined;
        incident = actingAt(restoring, { plan, instance });
        throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'no answer' });
      },
    }),
    2_000,
  );
  expect(begunAt).toEqual([undefined]);
});
