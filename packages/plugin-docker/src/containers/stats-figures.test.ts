import { describe, expect, it } from 'vitest';
import type { ContainerStats } from '../engine/engine.ts';
import { figuresOf, sampleOf } from './stats-figures.ts';

const mb = 1024 ** 2;

function sent(parts: { read?: string; cpu?: number; memory?: object }): ContainerStats {
  const { read = '2026-11-29T14:00:00.5Z', cpu, memory = {} } = parts;
  return {
    read,
    cpu_stats: { cpu_usage: { total_usage: cpu ?? 0 } },
    memory_stats: memory,
  } as unknown as ContainerStats;
}

describe('a sample', () => {
  it('has memory as `docker stats` shows it, with cgroup v1 and v2', () => {
    const v1 = { usage: 50 * mb, stats: { total_inactive_file: 10 * mb, inactive_file: 3 * mb } };
    const v2 = { usage: 50 * mb, stats: { inactive_file: 20 * mb } };
    expect(sampleOf(sent({ memory: v1 }))?.memoryBytes).toBe(40 * mb);
    expect(sampleOf(sent({ memory: v2 }))?.memoryBytes).toBe(30 * mb);
    expect(sampleOf(sent({ memory: { usage: 5 * mb } }))?.memoryBytes).toBe(5 * mb);
    expect(sampleOf(sent({ memory: { usage: 5, stats: { inactive_file: 5 } } }))?.memoryBytes).toBe(5);
  });

  it('is none of a container that has ended', () => {
    expect(sampleOf(sent({ read: '0001-01-01T00:00:00Z' }))).toBeUndefined();
    expect(sampleOf({} as ContainerStats)).toBeUndefined();
  });

  it('leaves out what the engine did not measure', () => {
    expect(sampleOf(sent({ cpu: 7 }))).toEqual({ at: Date.UTC(2026, 10, 29, 14, 0, 0, 500), cpuNs: 7 });
    expect(sampleOf(sent({ memory: { usage: 0 } }))).toEqual({ at: Date.UTC(2026, 10, 29, 14, 0, 0, 500) });
  });
});

describe('figures', () => {
  it('are memory alone after the first sample', () => {
    expect(figuresOf({ at: 0, cpuNs: 5e9, memoryBytes: 3 * mb }, undefined)).toEqual({ memory_usage_mb: 3 });
  });

  it('have the share of one processor between two samples', () => {
    const before = { at: 1_000, cpuNs: 1e9 };
    expect(figuresOf({ at: 31_000, cpuNs: 16e9 }, before)).toEqual({ cpu_usage: 0.5 });
    expect(figuresOf({ at: 3_000, cpuNs: 5e9 }, before)).toEqual({ cpu_usage: 2 });
    expect(figuresOf({ at: 3_000, cpuNs: 1e9 }, before)).toEqual({ cpu_usage: 0 });
  });

  it('have no share when time stood still or went back, when less was used than before, or nothing is known', () => {
    const before = { at: 1_000, cpuNs: 1e9 };
    for (const at of [1_000, 0]) expect(figuresOf({ at, cpuNs: 2e9 }, before)).toEqual({});
    expect(figuresOf({ at: 2_000, cpuNs: 1e8 }, before)).toEqual({});
    expect(figuresOf({ at: 2_000 }, before)).toEqual({});
    expect(figuresOf({ at: 2_000, cpuNs: 1e9 }, { at: 1_000 })).toEqual({});
  });
});
