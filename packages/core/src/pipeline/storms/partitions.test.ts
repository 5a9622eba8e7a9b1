import { describe, expect, it } from 'vitest';
import type { BreakerPolicy } from '../../model/index.ts';
import { Partitions } from './partitions.ts';

const policy: BreakerPolicy = {
  threshold: 0.5,
  least: 3,
  windowMs: 30_000,
  coolDownMs: 120_000,
  coolDownCapMs: 1_800_000,
};

function world(groupSize: number, fleetSize = groupSize, windowMs = policy.windowMs) {
  const partitions = new Partitions();
  const look = (group: string, now: number) => {
    partitions.look(group, { now, groupSize, fleetSize, policy: { ...policy, windowMs } });
  };
  return {
    partitions,
    look,
    silent: (agentId: string, at: number, group = 'web'): void => {
      partitions.note({ agentId, before: undefined, after: { group, since: at, silentSince: at } });
      look(group, at);
    },
    heard: (agentId: string, since: number, now: number): void => {
      const group = 'web';
      partitions.note({ agentId, before: { group, since, silentSince: since }, after: undefined });
      look(group, now);
    },
  };
}

describe('silence of many', () => {
  it('is a partition from three and half of a group on', () => {
    const { partitions, silent } = world(6);
    silent('a', 0);
    silent('b', 1_000);
    expect(partitions.covers('web')).toBe(false);
    silent('c', 2_000);
    expect(partitions.covers('web')).toBe(true);
  });

  it('is none when it came one after another over a long time', () => {
    const { partitions, silent } = world(6);
    silent('a', 0);
    silent('b', 40_000);
    silent('c', 80_000);
    expect(partitions.covers('web')).toBe(false);
  });

  it('is one all the same for a guard that takes so much longer to notice each of them', () => {
    const { partitions, silent } = world(6, 6, 9 * policy.windowMs);
    silent('a', 0);
    silent('b', 40_000);
    silent('c', 80_000);
    expect(partitions.covers('web')).toBe(true);
  });

  it('over the whole fleet takes in who falls silent with the others, and not who does hours later', () => {
    const { partitions, silent, look } = world(3, 6);
    silent('a', 0);
    silent('b', 1_000);
    silent('c', 2_000);
    expect(partitions.fleetWide).toBe(true);
    silent('d', 200_000, 'db');
    expect(partitions.covers('db')).toBe(true);
    look('web', 20_000_000);
    silent('e', 20_000_000, 'queue');
    expect(partitions.fleetWide).toBe(true);
    expect(partitions.covers('queue')).toBe(false);
    expect(partitions.covers('db')).toBe(true);
  });

  it('is none of three in a hundred', () => {
    const { partitions, silent } = world(100);
    for (const [at, agentId] of ['a', 'b', 'c'].entries()) silent(agentId, at);
    expect(partitions.covers('web')).toBe(false);
  });

  it('counts over the fleet, where every group is too small to count', () => {
    const { partitions, silent, look } = world(2, 6);
    silent('a', 0, 'x');
    silent('b', 1_000, 'y');
    silent('c', 2_000, 'z');
    for (const group of ['x', 'y', 'z']) look(group, 2_100);
    expect(['x', 'y', 'z'].map((group) => partitions.covers(group))).toEqual([true, true, true]);
    expect(partitions.fleetWide).toBe(true);
  });

  it('does not count those who were heard meanwhile', () => {
    const { partitions, silent, heard } = world(4);
    silent('a', 0);
    silent('b', 1_000);
    heard('a', 0, 1_500);
    silent('c', 2_000);
    expect(partitions.covers('web')).toBe(false);
  });

  it('ends a window after so few are left, and not when it only flickers', () => {
    const { partitions, silent, heard, look } = world(4);
    for (const [at, agentId] of ['a', 'b', 'c'].entries()) silent(agentId, at);
    heard('a', 0, 10_000);
    look('web', 39_000);
    expect(partitions.covers('web')).toBe(true);
    silent('a', 39_500);
    look('web', 60_000);
    expect(partitions.covers('web')).toBe(true);
    heard('a', 39_500, 61_000);
    look('web', 91_000);
    expect(partitions.covers('web')).toBe(false);
  });

  it('that was known before a restart goes on until it is seen to end', () => {
    const { partitions, look } = world(4);
    partitions.restore('web');
    look('web', 0);
    expect(partitions.covers('web')).toBe(true);
    look('web', 30_000);
    expect(partitions.covers('web')).toBe(false);
  });

  it('ends a window after so few are left, also when the wall clock is set back meanwhile', () => {
    const { partitions, silent, heard, look } = world(4);
    const noon = 43_200_000;
    for (const [at, agentId] of ['a', 'b', 'c'].entries()) silent(agentId, noon + at);
    heard('a', noon, noon + 10_000);
    look('web', 0);
    expect(partitions.covers('web')).toBe(true);
    look('web', 30_000);
    expect(partitions.covers('web')).toBe(false);
  });

  it('keeps little of those who come and go for long while one is silent, and still counts who is', () => {
    const { partitions, silent, heard } = world(4);
    silent('a', 0);
    let now = 0;
    for (let times = 0; times < 5_000; times += 1) {
      now += 10_000;
      silent('b', now);
      heard('b', now, now + 5_000);
    }
    expect(partitions.keptInFleet).toBeLessThan(100);
    expect(partitions.covers('web')).toBe(false);
    for (const [at, agentId] of ['b', 'c', 'd'].entries()) silent(agentId, now + 10_000 + at);
    expect(partitions.covers('web')).toBe(true);
    expect(partitions.silentInFleet).toBe(4);
  });
});
