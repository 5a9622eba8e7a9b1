import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { eachHarness } from './each-harness.ts';
import { labels, testEngine, unique } from './engine-kit.ts';
import { documentedCalls, FilteringProxy } from './filtering-proxy.ts';
import { engineUrl, type Harness } from './harness.ts';

const docker = await testEngine();
const socket = engineUrl.startsWith('unix://') ? engineUrl.slice('unix://'.length) : undefined;

describe.runIf(docker && socket)('behind a proxy that lets only the documented calls through', () => {
  let harness: Harness;
  let proxy: FilteringProxy;

  afterEach(() => proxy.close());
  eachHarness(docker, (one) => void (harness = one));

  async function behind(allowed: readonly RegExp[]): Promise<string> {
    proxy = new FilteringProxy(socket ?? '', allowed);
    const path = join(harness.dir, 'proxy.sock');
    await proxy.listen(path);
    return `unix://${path}`;
  }

  it('everything works, and each of the calls is needed', async () => {
    const allowed = documentedCalls('containers');
    expect(allowed.length).toBeGreaterThan(15);
    const network = await harness.docker.createNetwork({ Name: unique('net'), Labels: labels });
    const group = harness.selector;
    const HostConfig = { RestartPolicy: { Name: 'always' } };
    const web = await harness.run('web', { name: `${group}.1`, Labels: { 'praetorian.group': group }, HostConfig });
    await network.connect({ Container: web.id });
    const orchestrator = await harness.start({
      engine: await behind(allowed),
      stats: { every: 1_000, concurrency: 4 },
    });
    const inventory = await harness.follow(orchestrator);
    const current = () => ({ agentId: web.name, instanceId: inventory.instance(web.name).id });
    const act = async (action: Parameters<Harness['act']>[1]): Promise<void> => {
      expect(await harness.act(orchestrator, action)).toMatchObject({ result: 'succeeded' });
      await inventory.until((seen) => seen.instance(web.name).state === 'running');
    };
    await act({ kind: 'restart', graceMs: 1_000, ...current() });
    await act({ kind: 'recreate', graceMs: 1_000, ...current() });
    await inventory.until((seen) => seen.instance(web.name).id === `${web.name}~2`);
    const old = current();
    await act({ kind: 'respawn', mode: 'beside', graceMs: 1_000, generation: 3, ...old });
    await act({ kind: 'retire', graceMs: 1_000, ...old });
    await inventory.until((seen) => seen.instance(web.name).id === `${web.name}~3`);
    await act({ kind: 'isolate', ...current() });
    await act({ kind: 'reinstate', ...current() });
    await act({ kind: 'scale', group, replicas: 2 });
    await act({ kind: 'scale', group, replicas: 1 });
    const instance = inventory.instance(web.name);
    await orchestrator.evidence(instance, web.name, harness.call());
    const { next } = await orchestrator.logs(instance, web.name, undefined, harness.call());
    await orchestrator.logs(instance, web.name, next, harness.call());
    expect(await orchestrator.exec(instance, ['true'], harness.call())).toMatchObject({ exitCode: 0 });
    expect(proxy.refused).toEqual([]);
    const unused = allowed.filter((one) => !proxy.used.has(one));
    expect(unused.map(({ source }) => source)).toEqual([]);
  });

  it('that lets only be looked, containers are watched, and an action fails with what the proxy said', async () => {
    const looking = documentedCalls('containers').filter(({ source }) => source.startsWith('^GET'));
    const web = await harness.run('web');
    const orchestrator = await harness.start({ engine: await behind(looking) });
    const inventory = await harness.follow(orchestrator);
    const action = {
      kind: 'restart',
      agentId: web.name,
      instanceId: inventory.instance(web.name).id,
      graceMs: 0,
    } as const;
    expect(await harness.act(orchestrator, action)).toMatchObject({
      result: 'failed',
      text: expect.stringContaining('forbidden by the proxy') as string,
    });
    process.kill((await harness.inspect(web.id)).State.Pid, 'SIGKILL');
    await inventory.until((seen) => seen.lifecycle(web.name).includes('died'));
  });
});
