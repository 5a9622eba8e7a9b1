import type { Instance } from '@praetorian-guard/core/plugin';
import { beforeEach, describe, expect, it } from 'vitest';
import { eachHarness } from './each-harness.ts';
import { labels, testEngine, unique } from './engine-kit.ts';
import type { Harness } from './harness.ts';

const docker = await testEngine();

describe.runIf(docker)('the network of a container, and who lives in it', () => {
  let harness: Harness;
  let key: string;

  eachHarness(docker, (one) => void (harness = one));
  beforeEach(() => void (key = unique('key')));

  const on = (agentId: string, instance: Instance) => ({ agentId, instanceId: instance.id });

  /** A container, another one that lives in its network, and a restart of the first that is planned. */
  async function besideIt(mode: 'NetworkMode' | 'PidMode' = 'NetworkMode') {
    const web = await harness.run('web');
    const side = await harness.run('side', { HostConfig: { Init: false, [mode]: `container:${web.id}` } });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const action = { kind: 'restart', ...on(web.name, inventory.instance(web.name)), graceMs: 1_000 } as const;
    const intent = await harness.prepare(orchestrator, action, key);
    return { web, side, orchestrator, inventory, intent };
  }

  it('isolate and reinstate: also from a network that it has joined by a part of its id', async () => {
    const network = await harness.docker.createNetwork({ Name: unique('net'), Labels: labels });
    const part = network.id.slice(0, 12);
    const NetworkingConfig = { EndpointsConfig: { [part]: { Aliases: ['shop'] } } };
    const web = await harness.run('web', { HostConfig: { NetworkMode: part }, NetworkingConfig });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const target = on(web.name, inventory.instance(web.name));
    const members = async () => Object.keys(((await network.inspect()) as { Containers: object }).Containers);
    expect(await members()).toEqual([web.id]);
    const isolation = await harness.prepare(orchestrator, { kind: 'isolate', ...target }, key);
    const receipt = await orchestrator.execute(isolation, harness.grant(key), harness.call());
    expect(receipt).toMatchObject({ result: 'succeeded' });
    expect(await members()).toEqual([]);
    expect(await orchestrator.reconcile(isolation)).toMatchObject({ result: 'succeeded' });
    const back = await harness.act(orchestrator, { kind: 'reinstate', ...target }, `${key}-back`);
    expect(back).toMatchObject({ result: 'succeeded' });
    expect(await members()).toEqual([web.id]);
  });

  it('restarts those who live in the network of a container along with it, and says so before', async () => {
    const { web, side, orchestrator, inventory, intent } = await besideIt();
    expect(intent.affects).toEqual([web.name, side.name]);
    const before = (await harness.inspect(side.id)).State.StartedAt;
    expect((await orchestrator.execute(intent, harness.grant(key), harness.call())).result).toBe('succeeded');
    expect((await harness.inspect(side.id)).State.StartedAt).not.toBe(before);
    expect(inventory.lifecycle(side.name)).not.toContain('died');
  });

  it('restarts those who live in the process space of a container along with it, and so end with it', async () => {
    const { web, side, orchestrator, inventory, intent } = await besideIt('PidMode');
    expect(intent.affects).toEqual([web.name, side.name]);
    expect((await orchestrator.execute(intent, harness.grant(key), harness.call())).result).toBe('succeeded');
    expect((await harness.inspect(side.id)).State.Running).toBe(true);
    await inventory.until((seen) => seen.instance(side.name).state === 'running');
    expect(inventory.lifecycle(side.name)).not.toContain('died');
    const isolation = { kind: 'isolate', ...on(web.name, inventory.instance(web.name)) } as const;
    expect((await harness.prepare(orchestrator, isolation, 'other')).affects).toEqual([web.name]);
  });

  it('leaves alone who lives in its network and was stopped by a person meanwhile', async () => {
    const { side, orchestrator, intent } = await besideIt();
    await harness.docker.getContainer(side.id).stop({ t: 1 });
    const receipt = await orchestrator.execute(intent, harness.grant(key), harness.call());
    expect(receipt.result).toBe('succeeded');
    expect((await harness.inspect(side.id)).State.Running).toBe(false);
    expect(await orchestrator.reconcile(intent)).toMatchObject({ result: 'succeeded' });
  });
});
