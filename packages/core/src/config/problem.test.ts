import { describe, expect, it } from 'vitest';
import { errorOf, load, options, problemsOf } from '../../test/config-kit.ts';
import { loadConfigText } from './load.ts';

describe('every mistake', () => {
  it.each([
    [{ hart: 1 }, 'hart', 'an unknown key', /groups/, 'remove it'],
    [{ hertbeat: {} }, 'hertbeat', 'an unknown key', /heartbeat/, 'did you mean "heartbeat"?'],
    [
      { groups: { web: { mode: 'aut' } } },
      'groups.web.mode',
      '"aut"',
      /^observe, dry-run, approve, auto$/,
      'did you mean "auto"?',
    ],
    [
      { heartbeat: { every: '30 parsecs' } },
      'heartbeat.every',
      '"30 parsecs"',
      /a duration such as 30s/,
      'Use what is allowed.',
    ],
    [{ heartbeat: { every: -5 } }, 'heartbeat.every', '-5', /a duration such as 30s/, 'Use what is allowed.'],
    [{ heartbeat: { every: true } }, 'heartbeat.every', 'true', /a duration such as 30s/, 'Use what is allowed.'],
    [{ slo: { availability: 99.9 } }, 'slo.availability', '99.9', /a share such as 99.9%/, 'Use what is allowed.'],
    [
      { ladder: { respawn: { configOverride: { memoryLimit: 'lots' } } } },
      'ladder.respawn.configOverride.memoryLimit',
      '"lots"',
      /a size such as/,
      'Use what is allowed.',
    ],
    [
      { probes: { liveness: { failures: 0 } } },
      'probes.liveness.failures',
      '0',
      /a whole number at least 1/,
      'Use what is allowed.',
    ],
    [
      { probes: { liveness: { failures: 1.5 } } },
      'probes.liveness.failures',
      '1.5',
      /a whole number/,
      'Use what is allowed.',
    ],
    [
      { probes: { liveness: { path: 'health' } } },
      'probes.liveness.path',
      '"health"',
      /a path that begins with/,
      'Use what is allowed.',
    ],
    [
      { gate: { attempts: [{ max: 0, per: '10m' }] } },
      'gate.attempts[0].max',
      '0',
      /at least 1/,
      'Use what is allowed.',
    ],
    [{ gate: { attempts: [] } }, 'gate.attempts', 'a list', /a list of at least 1/, 'Use what is allowed.'],
    [{ gate: { attempts: [{ max: 1 }] } }, 'gate.attempts[0].per', 'nothing', /a duration/, 'add per'],
    [{ version: 2 }, 'version', '2', /^1$/, 'Use what is allowed.'],
    [{ groups: [] }, 'groups', 'a list', /an object/, 'Use what is allowed.'],
    [{ groups: { 'a b': {} } }, 'groups["a b"]', 'the name "a b"', /1–200 characters/, 'Use what is allowed.'],
    [
      { agents: { 'a.1': { endpoint: 'ftp://x', group: 'g' } } },
      'agents["a.1"].endpoint',
      '"ftp://x"',
      /http:\/\/ or https:/,
      'Use what is allowed.',
    ],
    [{ agents: { a: { labels: { tier: 1 } } } }, 'agents.a.labels.tier', '1', /text/, 'Use what is allowed.'],
    [{ plugins: { ops: {} } }, 'plugins.ops.use', 'nothing', /text/, 'add use'],
    [
      { plugins: { ops: { use: 'ops', config: { slack: { evry: 1 } } } } },
      'plugins.ops.config.slack.evry',
      'an unknown key',
      /token, every, note/,
      'did you mean "every"?',
    ],
    [{ http: { port: 70_000 } }, 'http.port', '70000', /at most 65535/, 'Use what is allowed.'],
    [{ store: { use: 'level' } }, 'store.config.path', 'nothing', /text/, 'add path'],
    [
      { store: { use: 'memory', config: { path: 'x' } } },
      'store.config',
      'an object with keys',
      /nothing/,
      'the store in memory has nothing to set',
    ],
    [
      { plugins: { http: { use: 'ops' } } },
      'plugins.http',
      'the name http',
      /any other name/,
      'the name belongs to the top key `http`',
    ],
  ])('is told with place, value, what is allowed and a remedy: %j', async (value, ...expected) => {
    const [path, found, allowed, remedy] = expected as [string, string, RegExp, string];
    const problems = await problemsOf(value);
    expect(problems).toHaveLength(1);
    expect(problems[0]).toMatchObject({ path, found, remedy });
    expect(problems[0]?.allowed).toMatch(allowed);
  });

  it('stands with its line and column, all of them one a line in the order of the file', async () => {
    const text = 'version: 1\ngroups:\n  web:\n    mode: aut\nwatch: { evry: 1s }\nagents: {a: {labels: []}}\n';
    const error = await errorOf(loadConfigText(text, { ...options(), file: 'praetorian.yaml' }));
    expect(error.message.split('\n').slice(1)).toEqual([
      '  praetorian.yaml:4:5 groups.web.mode: found "aut", allowed: observe, dry-run, approve, auto (did you mean "auto"?)',
      '  praetorian.yaml:5:10 watch.evry: found an unknown key, allowed: every, for (did you mean "every"?)',
      '  praetorian.yaml:6:14 agents.a.labels: found a list, allowed: an object with at most 200 keys',
    ]);
  });

  it('behind an alias of YAML points to what it stands for', async () => {
    const problems = await problemsOf('groups:\n  web: &web\n    mode: aut\n  db: *web\n');
    expect(problems.map(({ path, line }) => [path, line])).toEqual([
      ['groups.web.mode', 3],
      ['groups.db.mode', 3],
    ]);
  });

  it('of thousands is counted, not printed', async () => {
    const groups = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`g${index}`, { mode: 'x' }]));
    const error = await errorOf(load({ groups }));
    expect(error.details['places']).toHaveLength(500);
    expect(error.message.length).toBeLessThan(10_000);
  });
});
