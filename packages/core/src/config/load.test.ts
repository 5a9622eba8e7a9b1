import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anyone, errorOf, load, options } from '../../test/config-kit.ts';
import { loadConfigFile, loadConfigText } from './load.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'guard-config-'));
  writeFileSync(join(folder, 'praetorian.yaml'), 'version: 1\nname: from-yaml\n');
  writeFileSync(join(folder, 'praetorian.json'), '{\n\t"version": 1,\n\t"name": "from-json"\n}');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('a config', () => {
  it('may be empty: everything has a default, and it is the one of the design', async () => {
    const { config, policyOf, plugins: loaded } = await load({});
    expect(config).toMatchObject({
      version: 1,
      store: 'memory',
      controlPlane: 'fleet',
      tickMs: 200,
      plugins: {},
      notifications: { routes: [{ to: 'log', from: 'info', tier: 1 }], retryForMs: 3_600_000 },
    });
    expect(loaded).toEqual([]);
    expect(policyOf(anyone)).toMatchObject({
      mode: 'auto',
      heartbeat: {
        expect: 'auto',
        everyMs: 30_000,
        timeoutMs: 90_000,
        detector: 'phi',
        pauseMs: 3_000,
        stalledForMs: 600_000,
        silentForMs: 600_000,
      },
      probes: {
        health: { path: '/health', timeoutMs: 2_000 },
        liveness: { path: '/health/live', everyMs: 10_000, timeoutMs: 2_000, failures: 3, successes: 2 },
        readiness: { path: '/health/ready', everyMs: 10_000 },
        performance: { path: '/health/performance', everyMs: 30_000 },
        startGraceMs: 30_000,
        jitter: 0.1,
      },
      slo: { availability: 0.999, latencyP95Ms: 200, latencyP99Ms: 500, errorRate: 0.001, successRate: 0.995 },
      severity: { escalateFailures: 5 },
      ladder: {
        restart: { timeoutMs: 30_000 },
        recreate: { timeoutMs: 60_000, restoreState: true },
        respawn: { timeoutMs: 180_000, mode: 'beside' },
        restartScope: 'instance',
        safeState: 'isolate',
      },
      gate: {
        attempts: [
          { max: 3, perMs: 600_000 },
          { max: 8, perMs: 86_400_000 },
        ],
        backoff: { baseMs: 5_000, capMs: 300_000, resetAfterMs: 600_000 },
        settleMs: 30_000,
        inFlight: 0.1,
        approvalTtlMs: 3_600_000,
        breaker: { threshold: 0.5, least: 3, windowMs: 30_000, coolDownMs: 120_000, coolDownCapMs: 1_800_000 },
      },
      approvals: { quorum: 1, remindEveryMs: 900_000, secondTierAfterMs: 1_800_000, onExpiry: 'escalate' },
      watch: { everyMs: 10_000, forMs: 300_000 },
      checkpoints: { keep: 5, maxAgeMs: 86_400_000, everyMs: 300_000 },
      assessor: 'threat',
      strategy: 'ladder',
      detectors: ['heartbeat', 'probe', 'lifecycle', 'slo', 'errors', 'progress', 'trend'],
    });
  });

  it.each([
    ['praetorian.yaml', 'from-yaml'],
    ['praetorian.json', 'from-json'],
  ])('is read from %s', async (file, name) => {
    expect((await loadConfigFile(join(folder, file), options({ baseDir: folder }))).config.name).toBe(name);
  });

  it('that cannot be read says so', async () => {
    expect((await errorOf(loadConfigFile(join(folder, 'none.yaml'), options()))).code).toBe('GUARD_CONFIG_UNREADABLE');
    expect((await errorOf(loadConfigFile(folder, options()))).code).toBe('GUARD_CONFIG_UNREADABLE');
  });

  it('is copied and frozen: neither side can change the other', async () => {
    const written = { groups: { web: { mode: 'observe' } } };
    const { config } = await load(written);
    expect(written).toEqual({ groups: { web: { mode: 'observe' } } });
    expect(Object.isFrozen(config) && Object.isFrozen(config.groups['web']) && Object.isFrozen(config.source)).toBe(
      true,
    );
  });

  it('has the same hash whatever the order of its keys, and another when a value differs', async () => {
    const hash = async (value: unknown): Promise<string> => (await load(value)).config.hash;
    expect(await hash({ name: 'a', tick: '1s' })).toBe(await hash({ tick: '1s', name: 'a' }));
    expect(await hash({ name: 'a' })).not.toBe(await hash({ name: 'b' }));
  });

  it('takes a section with nothing in it as an empty one', async () => {
    const { config } = await loadConfigText('groups:\n  web:\nagents:\n  a:\nhttp:\nheartbeat:\n', options());
    expect(config.groups['web']).toEqual({ mode: 'auto' });
    expect(config.plugins['http']).toMatchObject({ config: { port: 7717 } });
  });
});
