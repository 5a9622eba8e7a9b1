import { expect, it } from 'vitest';
import { openIncident, facts } from '../../../test/incident/fixtures.ts';
import type { Decided } from '../../incident/index.ts';
import { decide } from '../../incident/index.ts';
import type { Incident } from '../../model/index.ts';
import { MemoryStateStore } from '../../state/index.ts';
import { sampleAttempt } from '../../testing/sample-facts.ts';
import { createVirtualClock, recordingLogger, samplePolicy } from '../../testing/index.ts';
import { Budgets } from './budgets.ts';
import { Reservations } from './reservations.ts';
import { SharedBudgets } from './shared-budgets.ts';
import { StoreTime } from './store-time.ts';

const policy = samplePolicy();

function begun(attempts: Incident['attempts'] = []): Decided {
  const decided = decide(openIncident({ policy, attempts }), { type: 'due' }, facts());
  expect(decided.begins).toBe(true);
  return decided;
}

function reservations(): { readonly of: Reservations; readonly shared: SharedBudgets } {
  const clock = createVirtualClock();
  const store = new MemoryStateStore(clock);
  const time = new StoreTime(store, clock);
  const shared = new SharedBudgets(store, time, recordingLogger());
  const of = new Reservations({
    log: recordingLogger(),
    time,
    budgets: new Budgets(store, time, recordingLogger()),
    shared,
    groupSize: () => 5,
    fleetSize: () => 5,
  });
  return { of, shared };
}

it('an attempt whose commit fails and is tried again takes its place in the budget of the fleet once', async () => {
  const { of, shared } = reservations();
  expect(await of.admit(begun(), false)).toBe(true);
  const spent = shared.global.tat;
  for (let tries = 0; tries < 50; tries += 1) {
    const decided = begun();
    expect(await of.admit(decided, false)).toBe(true);
    of.of(0, decided).forget();
  }
  expect(shared.global.tat).toBe(spent);
});

it('the next attempt takes a place of its own', async () => {
  const { of, shared } = reservations();
  const decided = begun();
  await of.admit(decided, false);
  const spent = shared.global.tat;
  of.of(0, decided).committed({});
  await of.admit(begun([sampleAttempt('restart')]), false);
  expect(shared.global.tat).toBeGreaterThan(spent);
});
