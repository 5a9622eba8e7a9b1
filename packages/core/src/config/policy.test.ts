import { describe, expect, it } from 'vitest';
import { load } from '../../test/config-kit.ts';
import type { Policy } from '../model/index.ts';

async function policy(
  config: unknown,
  agent: { readonly id?: string; readonly group?: string; readonly labels?: { readonly [key: string]: string } } = {},
): Promise<Policy> {
  const { policyOf } = await load(config);
  return policyOf({ id: 'a', group: 'web', labels: {}, ...agent });
}

describe('the policy of an agent', () => {
  const layered = {
    heartbeat: { every: '10s', timeout: '40s' },
    groups: { web: { heartbeat: { every: '20s' }, gate: { attempts: [{ max: 1, per: '1h' }] } } },
    agents: { a: { heartbeat: { timeout: '50s' } } },
  };

  it('is default, then group, then agent; what a level leaves out comes from above', async () => {
    expect((await policy(layered)).heartbeat).toMatchObject({
      everyMs: 20_000,
      timeoutMs: 50_000,
      detector: 'phi',
      pauseMs: 3_000,
      stalledForMs: 600_000,
      silentForMs: 600_000,
    });
    expect((await policy(layered, { id: 'b' })).heartbeat).toMatchObject({ everyMs: 20_000, timeoutMs: 40_000 });
    expect((await policy(layered, { id: 'b', group: 'db' })).heartbeat).toMatchObject({
      everyMs: 10_000,
      timeoutMs: 40_000,
    });
  });

  it('has the list of the lowest level whole', async () => {
    expect((await policy(layered)).gate.attempts).toEqual([{ max: 1, perMs: 3_600_000 }]);
  });

  it.each([
    ['auto', undefined, undefined, 'auto'],
    ['approve', undefined, undefined, 'approve'],
    ['auto', 'observe', undefined, 'observe'],
    ['observe', 'auto', 'auto', 'observe'],
    ['auto', undefined, 'dry-run', 'dry-run'],
    ['auto', 'atuo', undefined, 'observe'],
    ['auto', '', undefined, 'observe'],
  ])('has the strictest mode of group %s, label %s and agent %s', async (...[group, label, agent, expected]) => {
    const config = { groups: { web: { mode: group } }, agents: agent === undefined ? {} : { a: { mode: agent } } };
    expect((await policy(config, { labels: label === undefined ? {} : { mode: label } })).mode).toBe(expected);
  });

  it('takes paths and expectation from labels, which the agent in the config overrules', async () => {
    const labels = { heartbeat: 'required', 'health-path': '/up', 'readiness-path': '' };
    const fromLabels = await policy({}, { labels });
    expect(fromLabels.heartbeat.expect).toBe('required');
    expect([fromLabels.probes.health.path, fromLabels.probes.readiness.path, fromLabels.probes.liveness.path]).toEqual([
      '/up',
      '',
      '/health/live',
    ]);
    expect(
      (await policy({ agents: { a: { probes: { health: { path: '/own' } } } } }, { labels })).probes.health.path,
    ).toBe('/own');
  });

  it('can be narrowed in scope by a label but never widened', async () => {
    const wide = { ladder: { restartScope: 'workload' } };
    const label = (scope: string): { labels: { [key: string]: string } } => ({ labels: { 'restart-scope': scope } });
    expect((await policy(wide, label('instance'))).ladder.restartScope).toBe('instance');
    expect((await policy({ ...wide, agents: { a: wide } }, label('instance'))).ladder.restartScope).toBe('instance');
    expect((await policy({}, label('workload'))).ladder.restartScope).toBe('instance');
  });

  it('ignores a label value that it cannot use, unless it is the mode', async () => {
    const odd = await policy(
      {},
      { labels: { heartbeat: 'sometimes', 'health-path': 'http://169.254.169.254/', 'liveness-path': '/a b' } },
    );
    expect(odd).toEqual(await policy({}));
  });

  it('is one frozen object for all agents that have nothing of their own', async () => {
    const { policyOf } = await load({ groups: { web: {} }, agents: { special: {} } });
    const of = (id: string, group: string, labels = {}): Policy => policyOf({ id, group, labels });
    expect(of('a', 'web')).toBe(of('b', 'web', { team: 'x' }));
    expect(of('a', 'web', { mode: 'observe' })).toBe(of('b', 'web', { mode: 'observe' }));
    expect(of('a', 'web')).not.toBe(of('a', 'db'));
    expect(Object.isFrozen(of('a', 'web')) && Object.isFrozen(of('a', 'web').gate.attempts)).toBe(true);
  });

  it('does not mix up agents whose labels look alike when joined', async () => {
    const { policyOf } = await load({});
    const one = policyOf({ id: 'a', group: 'web', labels: { 'health-path': '/x\nliveness-path=2:/y' } });
    const two = policyOf({ id: 'a', group: 'web', labels: { 'health-path': '/x', 'liveness-path': '/y' } });
    expect(two.probes.liveness.path).toBe('/y');
    expect(one.probes.liveness.path).toBe('/health/live');
  });

  it('of an agent or a group named like a part of every object is the default', async () => {
    expect(await policy({}, { id: 'constructor', group: 'toString' })).toEqual(await policy({}));
  });

  it('stays right when more distinct policies are asked for than are kept', async () => {
    const { policyOf } = await load({});
    for (let index = 0; index < 10_001; index += 1) policyOf({ id: 'a', group: `g${index}`, labels: {} });
    expect(policyOf({ id: 'a', group: 'g0', labels: {} }).mode).toBe('auto');
  });
});
