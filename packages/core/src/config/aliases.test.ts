import { describe, expect, it } from 'vitest';
import { anyone, load, problemsOf } from '../../test/config-kit.ts';

describe('the spellings of the first description', () => {
  const alias = {
    slo_targets: {
      availability: '99.5%',
      latency_p95: '250ms',
      latency_p99: '600ms',
      error_rate: '0.2%',
      success_rate: '99%',
    },
    ladder: { respawn: { restore_state: false, config_override: { memory_limit: '2GB', timeout: 300 } } },
  };

  it('mean the same as the one spelling, and a bare timeout is seconds', async () => {
    const { policyOf } = await load(alias);
    const policy = policyOf(anyone);
    expect(policy.slo).toMatchObject({
      availability: 0.995,
      latencyP95Ms: 250,
      latencyP99Ms: 600,
      errorRate: 0.002,
      successRate: 0.99,
    });
    expect(policy.ladder.respawn).toMatchObject({
      restoreState: false,
      override: { memoryLimit: 2 * 1024 ** 3, timeoutMs: 300_000 },
    });
  });

  it('hold in a group too', async () => {
    const { policyOf } = await load({ groups: { web: { slo_targets: { latency_p95: '100ms' } } } });
    expect(policyOf(anyone).slo).toMatchObject({ latencyP95Ms: 100, latencyP99Ms: 500 });
  });

  it.each([
    [{ slo_targets: {}, slo: {} }, 'slo_targets', 'both slo_targets and slo'],
    [{ groups: { web: { slo_targets: {}, slo: {} } } }, 'groups.web.slo_targets', 'both slo_targets and slo'],
    [
      { ladder: { respawn: { restore_state: true, restoreState: true } } },
      'ladder.respawn.restore_state',
      'both restore_state and restoreState',
    ],
    [
      { ladder: { respawn: { config_override: { memory_limit: 1, memoryLimit: 1 } } } },
      'ladder.respawn.config_override.memory_limit',
      'both memory_limit and memoryLimit',
    ],
  ])('beside the one spelling are refused: %j', async (value, path, found) => {
    expect(await problemsOf(value)).toMatchObject([{ path, found }]);
  });

  it('are named as written when something is wrong in them', async () => {
    const problems = await problemsOf('slo_targets:\n  latency_p95: soon\n  latency_p98: 1s\n');
    expect(problems).toMatchObject([
      { path: 'slo_targets.latency_p95', line: 2, column: 3 },
      { path: 'slo_targets.latency_p98', line: 3, found: 'an unknown key' },
    ]);
  });
});
