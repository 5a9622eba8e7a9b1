import { beforeEach, expect, it } from 'vitest';
import { openIncident } from '../../../test/incident/fixtures.ts';
import type { Attempt, Incident, StepRecord } from '../../model/index.ts';
import { MemoryStateStore } from '../../state/index.ts';
import { sampleAttempt, samplePromotion } from '../../testing/sample-facts.ts';
import { recordingLogger } from '../../testing/rig.ts';
import { createVirtualClock } from '../../testing/virtual-clock.ts';
import { StoreTime } from '../budgets/store-time.ts';
import { Leaderships } from './leaderships.ts';

const clock = createVirtualClock();
let store: MemoryStateStore;
let leaderships: Leaderships;

beforeEach(() => {
  store = new MemoryStateStore(clock);
  leaderships = new Leaderships(store, new StoreTime(store, clock), recordingLogger());
});

const promotion = { to: 'db.2', epoch: 3 } as const;
const promoteStep = (result: 'succeeded' | 'unknown'): StepRecord => samplePromotion(promotion, result);

function failover(steps: readonly StepRecord[] = []): Incident {
  const { verdict: _open, endedAt: _then, ...base } = sampleAttempt('escalate');
  const attempt: Attempt = {
    ...base,
    startedAt: clock.now(),
    steps,
    plan: { ...base.plan, promotion },
  };
  return { ...openIncident(), group: 'db', agentId: 'db.1', state: 'acting', attempt };
}

async function commit(incident: Incident) {
  const change = leaderships.changeBy(0, incident);
  if (change.ops.length > 0) change.committed(await store.commit('shard/0', change.ops, { durability: 'sync' }));
  return change;
}

it('an incident without a failover changes nothing', () => {
  expect(leaderships.changeBy(0, openIncident()).ops).toEqual([]);
});

it('the epoch and the moment are reserved when it begins, and who leads is written when it is done', async () => {
  expect((await commit(failover())).promoted).toBeUndefined();
  expect(leaderships.of('db')).toEqual({ epoch: 3, last: { from: 'db.1', to: 'db.2', at: clock.now() } });
  expect((await commit(failover([promoteStep('succeeded')]))).promoted).toEqual({ to: 'db.2', epoch: 3 });
  expect(leaderships.of('db')?.primary).toEqual({ agentId: 'db.2', epoch: 3 });
  expect((await commit(failover([promoteStep('succeeded')]))).ops).toEqual([]);
});

it('an answer that never came makes nobody the leader, until the replica says that it followed', async () => {
  await commit(failover());
  expect((await commit(failover([promoteStep('unknown')]))).promoted).toBeUndefined();
  expect(leaderships.of('db')).toMatchObject({ epoch: 3, last: { outcome: 'unknown' } });
  expect(leaderships.of('db')?.primary).toBeUndefined();
  expect(await leaderships.confirm(0, 'db', { epoch: 2, fence: 1 })).toBe(false);
  expect(await leaderships.confirm(0, 'db', { epoch: 3, fence: 1 })).toBe(true);
  expect(leaderships.of('db')).toMatchObject({ primary: { agentId: 'db.2', epoch: 3 }, last: { outcome: 'led' } });
  // The incident is stored again later, as when a person resolves it.
  expect((await commit(failover([promoteStep('unknown')]))).ops).toEqual([]);
});

it('one that was called off took nobody the lead', async () => {
  await commit(failover());
  const over = failover();
  await commit({ ...over, attempt: { ...(over as { attempt: Attempt }).attempt, verdict: 'contained' } } as Incident);
  expect(leaderships.of('db')?.last.outcome).toBe('not-led');
});

it('outlives the guard', async () => {
  await commit(failover([promoteStep('succeeded')]));
  const next = new Leaderships(store, new StoreTime(store, clock), recordingLogger());
  await next.load(64);
  expect(next.of('db')).toEqual(leaderships.of('db'));
});

it('what a commit wrote whose answer was lost is read before the next decision', async () => {
  const change = leaderships.changeBy(0, failover());
  await store.commit('shard/0', change.ops, { durability: 'sync' });
  change.forget();
  expect(leaderships.of('db')).toBeUndefined();
  await leaderships.settle(0, 'db');
  expect(leaderships.of('db')?.epoch).toBe(3);
  expect(leaderships.changeBy(0, failover()).ops).toEqual([]);
});

it('a clock that is set back lets the pause begin anew, and does not freeze it', async () => {
  await commit(failover());
  expect(leaderships.lastAt('db', clock.now() + 5_000)).toBe(clock.now());
  expect(leaderships.lastAt('db', clock.now() - 60_000)).toBe(clock.now() - 60_000);
});
