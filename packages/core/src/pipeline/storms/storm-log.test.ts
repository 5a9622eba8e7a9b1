import { describe, expect, it } from 'vitest';
import { guardError } from '../../contracts/index.ts';
import { closedBreaker } from '../../decision/fleet-breaker.ts';
import type { FleetBreaker } from '../../model/index.ts';
import { SerialQueue } from '../../runtime/index.ts';
import { MemoryStateStore } from '../../state/index.ts';
import { recordingLogger } from '../../testing/rig.ts';
import { createVirtualClock } from '../../testing/virtual-clock.ts';
import type { Ownership } from '../ownership.ts';
import { StormLog } from './storm-log.ts';

const reason = { code: 'fleet-breaker-open', text: 'x' } as const;
const open: FleetBreaker = { state: 'open', trips: 1, since: 0, reason, coolDownMs: 1_000, probeAt: 1_000 };
const half: FleetBreaker = {
  state: 'half-open',
  trips: 1,
  since: 1_000,
  reason,
  coolDownMs: 1,
  allowed: 1,
  successes: 0,
};

class SometimesAway extends MemoryStateStore {
  away = false;
  override async commit(...given: Parameters<MemoryStateStore['commit']>): ReturnType<MemoryStateStore['commit']> {
    if (this.away) throw guardError('GUARD_STATE_UNAVAILABLE', { why: 'away' });
    return super.commit(...given);
  }
}

function world() {
  const clock = createVirtualClock();
  const store = new SometimesAway(clock);
  const lease = { fence: 7 as number | undefined };
  const ownership = { shards: 1, shard: () => 0, fenceOfShard: () => lease.fence } as unknown as Ownership;
  const widened: string[] = [];
  const make = (): StormLog =>
    new StormLog({
      store,
      ownership,
      clock,
      queue: new SerialQueue({ name: 'test' }),
      log: recordingLogger(),
      noticeOps: () => [],
      storedStorm: () => undefined,
      storedBreaker: (group, _before, { state }) => void widened.push(`${group} ${state}`),
    });
  const settle = async (log: StormLog): Promise<void> => {
    log.flush();
    await clock.advance(2_000);
  };
  return { store, lease, widened, make, settle };
}

describe('the stored fleet breaker', () => {
  it('forbids at once, and allows only once that is stored', async () => {
    const { make, settle, widened } = world();
    const log = make();
    log.want('web', open);
    expect(log.breaker('web')).toBe(open);
    log.want('web', half);
    expect([log.wanted('web'), log.breaker('web')]).toEqual([half, open]);
    await settle(log);
    expect(log.breaker('web')).toBe(half);
    expect(widened).toEqual(['web half-open']);
  });

  it('allows nothing more while the store is away, and does once it is back', async () => {
    const { make, settle, store } = world();
    const log = make();
    log.want('web', open);
    await settle(log);
    store.away = true;
    log.want('web', half);
    await settle(log);
    expect(log.breaker('web')).toBe(open);
    store.away = false;
    await settle(log);
    expect(log.breaker('web')).toBe(half);
  });

  it('writes nothing without the lease', async () => {
    const { make, settle, lease } = world();
    const log = make();
    lease.fence = undefined;
    log.want('web', open);
    log.want('web', half);
    await settle(log);
    expect(log.breaker('web')).toBe(open);
    lease.fence = 8;
    await settle(log);
    expect(log.breaker('web')).toBe(half);
  });

  it('outlives the guard', async () => {
    const { make, settle } = world();
    const log = make();
    log.want('web', open);
    await settle(log);
    const next = make();
    await next.load();
    expect(next.breaker('web')).toEqual(open);
    expect(next.breaker('db')).toBe(closedBreaker);
    expect(next.notClosed()).toEqual(['web']);
  });
});
