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

  it('in a budget that could never pay a respawn, or that an agent sets for itself, is told', async () => {
    const problems = await problemsOf({
      gate: { budgets: { group: { least: 3 }, global: { least: 1 } } },
      groups: { web: { gate: { budgets: { group: { least: 2 } } } } },
      agents: { a: { gate: { budgets: { group: { per: '1h' } } } } },
    });
    expect(problems.map(({ path, found, allowed }) => [path, found, allowed])).toEqual([
      ['gate.budgets.group.least', '3', 'at least 4, the weight of a respawn'],
      ['gate.budgets.global.least', '1', 'at least 4, the weight of a respawn'],
      ['agents.a.gate.budgets', 'a budget of a single agent', 'nothing'],
    ]);
    expect((await problemsOf({ groups: { web: { gate: { budgets: { global: {} } } } } }))[0]).toMatchObject({
      path: 'groups.web.gate.budgets.global',
    });
  });

  it('in a window of maintenance is told with its place', async () => {
    const window = { cron: '0 2 * * 6', duration: '2h', scope: { fleet: true }, reason: 'patches' };
    const problems = await problemsOf({
      maintenance: [
        window,
        { ...window, cron: '0 2 30 2 *' },
        { ...window, cron: 'at night' },
        { ...window, timeZone: 'Mars/Base' },
        { ...window, scope: {} },
      ],
    });
    expect(problems.map(({ path, found, remedy }) => [path, found, remedy])).toEqual([
      ['maintenance[1].cron', '"0 2 30 2 *"', 'there is no such day'],
      ['maintenance[2].cron', expect.any(String), expect.any(String)],
      ['maintenance[3].timeZone', '"Mars/Base"', 'no time zone of that name is known'],
      ['maintenance[4].scope', 'nobody', 'a scope that names nobody covers nobody; name whom it is for'],
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
