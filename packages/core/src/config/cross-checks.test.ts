import { describe, expect, it } from 'vitest';
import { problemsOf } from '../../test/config-kit.ts';

describe('a mistake', () => {
  it('between two values is told too', async () => {
    const problems = await problemsOf({
      heartbeat: { every: '2m' },
      probes: { liveness: { timeout: '20s' } },
      slo: { latencyP95: '1s' },
      watch: { every: '10m' },
      gate: { backoff: { base: '10m' } },
      groups: { web: { ladder: { restart: { grace: '40s' } } } },
      agents: { a: { endpoint: 'http://127.0.0.1:1' }, b: { dependsOn: ['c'] }, c: { dependsOn: ['b'] } },
    });
    expect(problems.map(({ path, found, allowed }) => [path, found, allowed])).toEqual([
      ['heartbeat.timeout', '1m30s', 'above every (2m)'],
      ['probes.liveness.timeout', '20s', 'below liveness.every (10s)'],
      ['slo.latencyP95', '1s', 'at most latencyP99 (500ms)'],
      ['gate.backoff.base', '10m', 'at most backoff.cap (5m)'],
      ['watch.every', '10m', 'at most for (5m)'],
      ['groups.web.ladder.restart.grace', '40s', 'below restart.timeout (30s)'],
      ['agents.a.group', 'nothing', 'the name of a group'],
      ['agents.b.dependsOn', 'b → c → b', 'no circle'],
    ]);
  });

  it('that would put a secret into what is stored and shown is told', async () => {
    const env = { LOG_LEVEL: 'debug', API_TOKEN: 'x' };
    const [problem] = await problemsOf({ groups: { web: { ladder: { respawn: { configOverride: { env } } } } } });
    expect(problem).toMatchObject({ path: 'groups.web.ladder.respawn.configOverride.env', found: 'API_TOKEN' });
  });

  it('of a level is told once, where it was made', async () => {
    expect(
      (
        await problemsOf({ watch: { every: '10m' }, groups: { web: { watch: { for: '6m' } }, db: { mode: 'auto' } } })
      ).map(({ path }) => path),
    ).toEqual(['watch.every']);
    expect((await problemsOf({ groups: { web: { watch: { for: '5s' } }, db: {} } })).map(({ path }) => path)).toEqual([
      'groups.web.watch.every',
    ]);
  });

  it.each([['10.0.0.0'], ['10.0.0.0/33'], ['fd00::/129'], ['localhost/8'], ['1.2.3/8']])(
    'in a network is told: %s',
    async (network) => {
      expect(await problemsOf({ probes: { allowedNetworks: [network] } })).toMatchObject([
        { path: 'probes.allowedNetworks[0]' },
      ]);
    },
  );

  it('in dependencies is told once for each circle, however long the chains are that lead to it', async () => {
    const chain = Object.fromEntries(
      Array.from({ length: 5_000 }, (_, index) => [`c${index}`, { dependsOn: [`c${index + 1}`] }]),
    );
    const agents = { ...chain, self: { dependsOn: ['self'] }, a: { dependsOn: ['b', 'c0'] }, b: { dependsOn: ['a'] } };
    expect((await problemsOf({ agents })).map(({ path, found }) => [path, found])).toEqual([
      ['agents.self.dependsOn', 'self → self'],
      ['agents.a.dependsOn', 'a → b → a'],
    ]);
  });
});
