import { describe, expect, it } from 'vitest';
import { anyone, load, problemsOf } from '../../test/config-kit.ts';
import { labelProblems } from './labels.ts';

const probesOf = async (config: object, labels: { readonly [key: string]: string } = {}) =>
  (await load(config)).policyOf({ ...anyone, labels }).probes;

describe('the way of a probe', () => {
  it('comes from the level that says it last', async () => {
    const config = {
      probes: { liveness: { type: 'command', command: ['pg_isready', '-q'] }, tls: { caFile: 'ca.pem' } },
      groups: { web: { probes: { liveness: { type: 'tcp', port: 5432 }, tls: { serverName: 'web.internal' } } } },
    };
    const { liveness, tls } = await probesOf(config);
    expect(liveness).toMatchObject({ type: 'tcp', port: 5432 });
    expect(tls).toEqual({ caFile: 'ca.pem', insecure: false, serverName: 'web.internal' });
    const labelled = await probesOf(config, { 'liveness-port': '6000', 'readiness-type': 'https' });
    expect([labelled.liveness.port, labelled.readiness.type]).toEqual([6_000, 'https']);
  });

  it('is as the endpoint says when nobody says anything', async () => {
    const { health, liveness, tls } = await probesOf({});
    expect([health.type, liveness.type, liveness.port, liveness.command]).toEqual([
      'auto',
      'auto',
      undefined,
      undefined,
    ]);
    expect(tls).toEqual({ insecure: false });
  });

  it('is never a command by a label, neither by its type nor at all', async () => {
    const labels = { 'liveness-type': 'command', 'liveness-command': 'rm -rf /' };
    const { liveness } = await probesOf({}, labels);
    expect([liveness.type, liveness.command]).toEqual(['auto', undefined]);
    expect(labelProblems(labels)).toHaveLength(1);
  });

  it.each(['0', '65536', '8080 ', '-1', 'http', '080'])('does not take the port %j from a label', async (port) => {
    expect((await probesOf({}, { 'health-port': port })).health.port).toBeUndefined();
  });

  it('of type command needs the command', async () => {
    const [problem] = await problemsOf({ groups: { web: { probes: { readiness: { type: 'command' } } } } });
    expect(problem).toMatchObject({ path: 'groups.web.probes.readiness.command', found: 'nothing' });
  });

  it.each([{ type: 'udp' }, { port: 0 }, { command: 'sh -c x' }, { command: [] }])('is not %j', async (liveness) => {
    expect(await problemsOf({ probes: { liveness } })).toHaveLength(1);
  });

  it('of figures is not TCP, which gives none', async () => {
    expect(await problemsOf({ probes: { performance: { type: 'tcp' } } })).toHaveLength(1);
  });
});
