import { describe, expect, it } from 'vitest';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import { Settle } from './settle.ts';

function rig() {
  const clock = createVirtualClock();
  const unseen = new Set<string | undefined>();
  let looks = 0;
  const settle = new Settle({
    clock,
    graceMs: () => 5_000,
    someUnseen: (orchestrator) => {
      looks += 1;
      return unseen.has(orchestrator);
    },
  });
  return { clock, unseen, settle, looks: () => looks };
}

describe('Settle', () => {
  it('waits for the grace, the inventory and a sign of each agent', async () => {
    const { clock, unseen, settle } = rig();
    settle.expect('docker');
    unseen.add('docker');
    await clock.advance(4_000);
    expect(settle.of(undefined)).toEqual({ settled: false, at: clock.now() + 1_000 });
    await clock.advance(1_000);
    expect(settle.of('docker').settled).toBe(false);
    settle.synced('docker');
    expect(settle.of('docker').settled).toBe(false);
    unseen.clear();
    await clock.advance(250);
    expect(settle.of('docker').settled).toBe(true);
  });

  it('keeps nobody waiting for an orchestrator that is not theirs', async () => {
    const { clock, settle } = rig();
    settle.expect('docker');
    settle.expect('process');
    settle.synced('process');
    await clock.advance(5_000);
    expect(settle.of('process').settled).toBe(true);
    expect(settle.of(undefined).settled).toBe(true);
    expect(settle.of('docker').settled).toBe(false);
    expect(settle.whole).toBe(false);
  });

  it('does not look through the fleet at every question, and never again once it has settled', async () => {
    const { clock, unseen, settle, looks } = rig();
    unseen.add(undefined);
    await clock.advance(5_000);
    for (let times = 0; times < 100; times += 1) settle.of(undefined);
    expect(looks()).toBe(1);
    unseen.clear();
    await clock.advance(250);
    for (let times = 0; times < 100; times += 1) settle.of(undefined);
    expect(looks()).toBe(2);
  });

  it('begins anew when it is unsettled', async () => {
    const { clock, settle } = rig();
    await clock.advance(5_000);
    expect(settle.whole).toBe(true);
    settle.unsettle();
    expect(settle.whole).toBe(false);
    await clock.advance(5_000);
    expect(settle.whole).toBe(true);
  });

  it('does not hold while an inventory is broken off, and holds again as soon as it was listed anew', async () => {
    const { clock, settle } = rig();
    settle.expect('docker');
    settle.synced('docker');
    await clock.advance(5_000);
    expect(settle.of('docker').settled).toBe(true);
    settle.broken('docker');
    expect(settle.of('docker')).toEqual({ settled: false, at: clock.now() + 1_000 });
    expect(settle.of(undefined).settled).toBe(true);
    expect(settle.isFollowed('docker')).toBe(false);
    settle.synced('docker');
    expect(settle.of('docker').settled).toBe(true);
    expect(settle.isFollowed('docker')).toBe(true);
  });

  it('asks for signs since it began anew, not since the start', async () => {
    const since: number[] = [];
    const clock = createVirtualClock();
    const settle = new Settle({ clock, graceMs: () => 0, someUnseen: (_, sinceMs) => since.push(sinceMs) > 100 });
    settle.of(undefined);
    await clock.advance(60_000);
    settle.unsettle();
    settle.of(undefined);
    expect((since[1] as number) - (since[0] as number)).toBe(60_000);
  });
});
