import { expect, it } from 'vitest';
import { StoreLeases } from '../contracts/index.ts';
import { MemoryStateStore } from '../state/index.ts';
import { createVirtualClock, recordingLogger } from '../testing/index.ts';
import { Ownership } from './ownership.ts';

it('a guard that stood still for longer than its lease owns nothing, also before any timer of it has run', async () => {
  const clock = createVirtualClock();
  const nothing = (): undefined => undefined;
  const ownership = new Ownership({
    leases: new StoreLeases(new MemoryStateStore(clock), clock),
    clock,
    log: recordingLogger(),
    shared: false,
    lost: nothing,
    regained: nothing,
  });
  await ownership.start({ guardId: 'guard_1', shards: 4 });
  expect([ownership.owns('web'), ownership.fenceOfShard(1)]).toEqual([true, 1]);
  clock.skipTo(clock.monotonic() + 15_000);
  expect([ownership.owns('web'), ownership.fenceOfShard(1)]).toEqual([false, undefined]);
  // Nobody has taken it meanwhile.
  await clock.advance(1_000);
  expect(ownership.owns('web')).toBe(true);
  await ownership.stop();
});
