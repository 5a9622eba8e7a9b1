import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { anyone, load } from '../../test/config-kit.ts';
import type { LadderPolicy, SloPolicy } from '../model/index.ts';
import { labelProblems } from './labels.ts';

type Labels = { readonly [key: string]: string };

const rungNames = ['restart', 'recreate', 'respawn'] as const;

async function policyOf(labels: Labels, config: object = {}) {
  return (await load(config)).policyOf({ ...anyone, labels });
}

const graces = ({ restart, recreate, respawn }: LadderPolicy): readonly number[] => [
  restart.graceMs,
  recreate.graceMs,
  respawn.graceMs,
];
const latencies = ({ latencyP95Ms, latencyP99Ms }: SloPolicy): readonly number[] => [latencyP95Ms, latencyP99Ms];

describe('the label stop-timeout', () => {
  it('is the grace of every rung, for more or for less than the config says', async () => {
    const config = { groups: { web: { ladder: { recreate: { grace: '30s' } } } } };
    expect(graces((await policyOf({ 'stop-timeout': '20s' }, config)).ladder)).toEqual([20_000, 20_000, 20_000]);
    expect(graces((await policyOf({ 'stop-timeout': '5' }, config)).ladder)).toEqual([5_000, 5_000, 5_000]);
    expect(graces((await policyOf({ 'stop-timeout': '0' }, config)).ladder)).toEqual([0, 0, 0]);
  });

  it('leaves a third of the time of a rung for the start', async () => {
    expect(graces((await policyOf({ 'stop-timeout': '1m30s' })).ladder)).toEqual([20_000, 40_000, 90_000]);
  });

  it('never makes a grace shorter by asking for more than there is', async () => {
    const config = { ladder: { restart: { grace: '25s' } } };
    expect((await policyOf({ 'stop-timeout': '10m' }, config)).ladder.restart.graceMs).toBe(25_000);
  });

  it('gives way to what the config says of the agent itself, rung by rung', async () => {
    const config = { agents: { a: { ladder: { restart: { grace: '1s' }, recreate: { timeout: '15s' } } } } };
    expect(graces((await policyOf({ 'stop-timeout': '20s' }, config)).ladder)).toEqual([1_000, 10_000, 20_000]);
  });

  it.each(['soon', '-1s', '11m', '', '1'.repeat(40)])('is not %j', async (text) => {
    expect(graces((await policyOf({ 'stop-timeout': text })).ladder)).toEqual([10_000, 10_000, 10_000]);
    expect(labelProblems({ 'stop-timeout': text })).toEqual([
      expect.stringMatching(/^label stop-timeout: found ".*", allowed: Time the agent gets/),
    ]);
  });
});

describe('labels of objectives', () => {
  it('are the targets of the agent, written as in the config', async () => {
    const labels = {
      'slo-availability': '99%',
      'slo-latency-p95': '300ms',
      'slo-latency-p99': '1',
      'slo-error-rate': '0.05',
      'slo-success-rate': '98.5%',
    };
    const config = {
      groups: { web: { slo: { availability: '90%' } } },
      agents: { a: { slo: { successRate: '50%' } } },
    };
    expect((await policyOf(labels, config)).slo).toMatchObject({
      availability: 0.99,
      latencyP95Ms: 300,
      latencyP99Ms: 1_000,
      errorRate: 0.05,
      successRate: 0.5,
    });
    expect(labelProblems(labels)).toEqual([]);
  });

  it.each([
    ['slo-availability', '99.9'],
    ['slo-latency-p95', 'fast'],
    ['slo-latency-p95', '0'],
    ['slo-latency-p99', '2h'],
    ['slo-error-rate', '101%'],
    ['slo-success-rate', '-1%'],
    ['slo-success-rate', `0.${'9'.repeat(40)}`],
  ])('%s is not %j', async (name, text) => {
    expect((await policyOf({ [name]: text })).slo).toEqual((await policyOf({})).slo);
    expect(labelProblems({ [name]: text })).toEqual([expect.stringContaining(`label ${name}: found `)]);
  });

  it.each<[string, Labels, object, readonly number[]]>([
    ['raises the 99th to the 95th', { 'slo-latency-p95': '2s' }, {}, [2_000, 2_000]],
    ['lowers the 95th to the 99th', { 'slo-latency-p99': '100ms' }, {}, [100, 100]],
    [
      'gives way to the 99th of the agent in the config',
      { 'slo-latency-p95': '2s' },
      { latencyP99: '400ms' },
      [400, 400],
    ],
    [
      'gives way to the 95th of the agent in the config',
      { 'slo-latency-p99': '50ms' },
      { latencyP95: '150ms' },
      [150, 150],
    ],
  ])('a percentile %s', async (_what, labels, slo, expected) => {
    expect(latencies((await policyOf(labels, { agents: { a: { slo } } })).slo)).toEqual(expected);
  });

  it('does not take a 99th percentile that is below the 95th of another label', async () => {
    const labels = { 'slo-latency-p95': '800ms', 'slo-latency-p99': '600ms' };
    expect(latencies((await policyOf(labels)).slo)).toEqual([800, 800]);
    expect(labelProblems(labels)).toEqual([expect.stringMatching(/^label slo-latency-p99: found "600ms"/)]);
  });
});

it('whatever labels say, the policy is one that the config could have', async () => {
  const { policyOf: of } = await load({ agents: { a: { slo: { latencyP99: '300ms' } } } });
  const text = fc.oneof(
    fc.constantFrom('0', '1', '7s', '30s', '2m', '10m', '90%', '0.5', '250ms', '1h'),
    fc.string({ maxLength: 8 }),
  );
  const names = ['stop-timeout', 'slo-availability', 'slo-latency-p95', 'slo-latency-p99', 'slo-error-rate'];
  fc.assert(
    fc.property(fc.constantFrom('a', 'b'), fc.dictionary(fc.constantFrom(...names), text), (id, labels) => {
      const { ladder, slo } = of({ id, group: 'web', labels });
      for (const name of rungNames) expect(ladder[name].graceMs).toBeLessThan(ladder[name].timeoutMs);
      expect(slo.latencyP95Ms).toBeLessThanOrEqual(slo.latencyP99Ms);
      expect(slo.latencyP95Ms).toBeGreaterThan(0);
    }),
    { numRuns: 500 },
  );
});
