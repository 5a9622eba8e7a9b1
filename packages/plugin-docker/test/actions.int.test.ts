import { mkdirSync, rmdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Instance } from '@praetorian-guard/core/plugin';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Engine } from '../src/engine/engine.ts';
import { eachHarness } from './each-harness.ts';
import { importBusybox, labels, testEngine, unique } from './engine-kit.ts';
import { type Harness, until } from './harness.ts';

const docker = await testEngine();

describe.runIf(docker)('actions on containers', () => {
  let harness: Harness;
  /** Of the action; containers of other files that run beside this one carry others. */
  let key: string;

  eachHarness(docker, (one) => void (harness = one));
  beforeEach(() => void (key = unique('key')));

  const on = (agentId: string, instance: Instance) => ({ agentId, instanceId: instance.id });

  it('recreate: another container of the same name, and the old one is kept, stopped', async () => {
    const web = await harness.run('web', { Env: ['COLOUR=red'] });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const old = inventory.instance(web.name);
    const action = { kind: 'recreate', agentId: web.name, instanceId: old.id, graceMs: 1_000 } as const;
    expect(await harness.act(orchestrator, action)).toMatchObject({
      result: 'succeeded',
      instance: { id: `${web.name}~2`, generation: 2, state: 'running' },
    });
    const all = await harness.containers();
    expect(all.map(({ Names, State }) => [Names[0], State])).toEqual([
      [`/${web.name}`, 'running'],
      [`/praetorian-kept.${web.name}.2`, 'exited'],
    ]);
    await inventory.until((seen) => seen.instance(web.name).id === `${web.name}~2`);
    expect(inventory.events.some(({ type }) => type === 'removed')).toBe(false);
    expect(inventory.lifecycle(web.name)).not.toContain('died');
    expect((await harness.inspect(web.name)).Config.Env).toContain('COLOUR=red');
  });

  it('an end that was told and that no inspection confirms: nothing is done', async () => {
    const web = await harness.run('web');
    const asRunning = await harness.inspect(web.id);
    let lies = false;
    const lying = (engine: Engine): Engine =>
      new Proxy(engine, {
        get: (target, name) => {
          if (name === 'container' && lies) return () => Promise.resolve(asRunning);
          const value: unknown = Reflect.get(target, name, target);
          return typeof value === 'function' ? (value.bind(target) as unknown) : value;
        },
      });
    const orchestrator = harness.create({}, undefined, lying);
    await orchestrator.start();
    const inventory = await harness.follow(orchestrator);
    const old = inventory.instance(web.name);
    process.kill(asRunning.State.Pid, 'SIGKILL');
    await inventory.until((seen) => seen.lifecycle(web.name).includes('died'));
    lies = true;
    const restart = { kind: 'restart', ...on(web.name, old), graceMs: 1_000 } as const;
    expect(await harness.act(orchestrator, restart, key)).toMatchObject({
      result: 'superseded',
      text: expect.stringContaining('has not ended') as string,
    });
    lies = false;
    expect((await harness.inspect(web.id)).State).toMatchObject({ Running: false });
    expect(await harness.act(orchestrator, restart)).toMatchObject({ result: 'succeeded' });
  });

  it('a recreate that cannot start leaves the old container running under its name, with its policy', async () => {
    const web = await harness.run('web', { HostConfig: { RestartPolicy: { Name: 'always' } } });
    const orchestrator = await harness.start();
    const old = (await harness.follow(orchestrator)).instance(web.name);
    const action = {
      kind: 'respawn',
      mode: 'in-place',
      agentId: web.name,
      instanceId: old.id,
      graceMs: 1_000,
      generation: 2,
      override: { command: ['false'] },
    } as const;
    expect(await harness.act(orchestrator, action, unique('key'))).toMatchObject({
      result: 'failed',
      text: expect.stringContaining('it ended at once') as string,
    });
    const [only, ...others] = await harness.containers();
    expect(others).toEqual([]);
    expect(only).toMatchObject({ Id: web.id, State: 'running', Names: [`/${web.name}`] });
    expect((await harness.inspect(web.id)).HostConfig.RestartPolicy).toMatchObject({ Name: 'always' });
  });

  it('respawn beside: both run, the old one counts until it is retired, then the new one bears the name', async () => {
    const web = await harness.run('web', { Env: ['PRAETORIAN_URL=http://guard:7717'] });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const old = inventory.instance(web.name);
    const respawn = { kind: 'respawn', mode: 'beside', ...on(web.name, old), graceMs: 1_000, generation: 7 } as const;
    const override = { memoryLimit: 32 * 1024 ** 2, env: { COLOUR: 'blue' }, timeoutMs: 500 };
    const made = await harness.act(orchestrator, { ...respawn, override });
    expect(made).toMatchObject({
      result: 'succeeded',
      instance: { id: `${web.name}~7`, generation: 7, memoryLimitMb: 32 },
    });
    expect((await harness.containers()).map(({ State }) => State)).toEqual(['running', 'running']);
    expect(inventory.instance(web.name).id).toBe(old.id);
    await harness.act(orchestrator, { kind: 'retire', ...on(web.name, old), graceMs: 1_000 });
    await inventory.until((seen) => seen.instance(web.name).id === `${web.name}~7`);
    const [only, ...others] = await harness.containers();
    expect(others).toEqual([]);
    expect(only?.Names).toEqual([`/${web.name}`]);
    const { Config, HostConfig } = await harness.inspect(only?.Id ?? '');
    expect(HostConfig.Memory).toBe(32 * 1024 ** 2);
    expect(Config.Env).toEqual(
      expect.arrayContaining([
        'PRAETORIAN_URL=http://guard:7717',
        `PRAETORIAN_AGENT_ID=${web.name}`,
        `PRAETORIAN_INSTANCE=${web.name}~7`,
        'PRAETORIAN_RESTORE=1',
        expect.stringMatching(/^PRAETORIAN_RESTORE_UNTIL=\d{13}$/),
        'PRAETORIAN_TIMEOUT_MS=500',
        'COLOUR=blue',
      ]),
    );
  });

  it('the old one is not retired when the one that came after it has ended', async () => {
    const web = await harness.run('web');
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const old = inventory.instance(web.name);
    const respawn = { kind: 'respawn', mode: 'beside', ...on(web.name, old), graceMs: 1_000, generation: 2 } as const;
    const made = await harness.act(orchestrator, {
      ...respawn,
      override: { command: ['sh', '-c', 'sleep 2; exit 3'] },
    });
    const container = made.result === 'succeeded' && made.instance?.ref?.['container'];
    const id = typeof container === 'string' ? container : '';
    const retire = { kind: 'retire', ...on(web.name, old), graceMs: 1_000 } as const;
    const intent = await harness.prepare(orchestrator, retire, key);
    await until(async () => !(await harness.inspect(id)).State.Running);
    expect(await orchestrator.execute(intent, harness.grant(key), harness.call())).toMatchObject({
      result: 'failed',
      text: expect.stringContaining('does not run any more') as string,
    });
    expect(await orchestrator.prepare(retire, unique('key'))).toMatchObject({ act: false });
    const { Name, State } = await harness.inspect(web.id);
    expect([Name, State.Running]).toEqual([`/${web.name}`, true]);
  });

  it('one that the engine removes by itself leaves its name to the one beside it', async () => {
    const web = await harness.run('web', { HostConfig: { AutoRemove: true } });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const old = inventory.instance(web.name);
    const respawn = { kind: 'respawn', mode: 'beside', ...on(web.name, old), graceMs: 1_000, generation: 2 } as const;
    expect((await harness.act(orchestrator, respawn)).result).toBe('succeeded');
    const retired = await harness.act(orchestrator, { kind: 'retire', ...on(web.name, old), graceMs: 1_000 });
    expect(retired.result).toBe('succeeded');
    expect((await harness.containers()).map(({ Names }) => Names[0])).toEqual([`/${web.name}`]);
  });

  it('a respawn beside that could not run beside, for it has a port of the host, is made in its place', async () => {
    const PortBindings = { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '42917' }] };
    const web = await harness.run('web', { ExposedPorts: { '80/tcp': {} }, HostConfig: { PortBindings } });
    const orchestrator = await harness.start();
    const old = (await harness.follow(orchestrator)).instance(web.name);
    const action = { kind: 'respawn', mode: 'beside', ...on(web.name, old), graceMs: 1_000, generation: 2 } as const;
    const intent = await harness.prepare(orchestrator, action, key);
    expect(intent.before).toMatchObject({ mode: 'in-place', inPlaceBecause: 'host port 127.0.0.1:42917/tcp' });
    const receipt = await orchestrator.execute(intent, harness.grant(key), harness.call());
    expect(receipt.result).toBe('succeeded');
    const now = await harness.inspect(web.name);
    expect(now.Id).not.toBe(web.id);
    expect(now.HostConfig.PortBindings).toEqual(PortBindings);
    // As the engine asks it after every respawn; there is nothing left to retire.
    expect(await harness.act(orchestrator, { kind: 'retire', ...on(web.name, old), graceMs: 0 })).toMatchObject({
      result: 'succeeded',
    });
  });

  it('a respawn beside of one that writes to a volume is made in its place: never two at once on the same data', async () => {
    const web = await harness.run('web', { Volumes: { '/data': {} } });
    const orchestrator = await harness.start();
    const old = (await harness.follow(orchestrator)).instance(web.name);
    const action = { kind: 'respawn', mode: 'beside', ...on(web.name, old), graceMs: 1_000, generation: 2 } as const;
    const intent = await harness.prepare(orchestrator, action, key);
    expect(intent.before).toMatchObject({ mode: 'in-place', inPlaceBecause: 'volume at /data' });
    expect(await orchestrator.execute(intent, harness.grant(key), harness.call())).toMatchObject({
      result: 'succeeded',
    });
    const [before, after] = [await harness.inspect(web.id), await harness.inspect(web.name)];
    expect(before.State.Running).toBe(false);
    expect(after.State.Running).toBe(true);
    expect(after.Id).not.toBe(web.id);
    expect(after.Mounts[0]?.Name).toBe(before.Mounts[0]?.Name);
    // The end of the one is before the beginning of the other.
    expect(Date.parse(before.State.FinishedAt)).toBeLessThan(Date.parse(after.State.StartedAt));
  });

  it('a recreate keeps the volumes of a container that is gone, beside those of one that is not', async () => {
    const source = (path: string) =>
      harness.run('source', { Volumes: { [path]: {} }, Labels: { [harness.selector]: 'no' } });
    const [gone, other] = [await source('/gone'), await source('/other')];
    const web = await harness.run('web', { HostConfig: { VolumesFrom: [gone.id, other.id] } });
    const volumes = async () =>
      (await harness.inspect(web.name)).Mounts.map(({ Name, Destination }) => `${Destination} ${Name}`).toSorted();
    const before = await volumes();
    await harness.docker.getContainer(gone.id).remove({ force: true });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const action = { kind: 'recreate', ...on(web.name, inventory.instance(web.name)), graceMs: 1_000 } as const;
    expect(await harness.act(orchestrator, action, key)).toMatchObject({ result: 'succeeded' });
    expect(await volumes()).toEqual(before);
  });

  it('a recreate whose image is gone fails, and the old container goes on running', async () => {
    const gone = docker ? await importBusybox(docker) : '';
    const web = await harness.run('web', { Image: gone });
    const orchestrator = await harness.start();
    const old = (await harness.follow(orchestrator)).instance(web.name);
    // A container holds its image; the name it is asked for by may mean another one by now, and does here.
    await harness.docker.getImage(harness.image).tag({ repo: gone.slice(0, -':1'.length), tag: '1' });
    const respawn = { kind: 'respawn', mode: 'in-place', ...on(web.name, old), graceMs: 1_000, generation: 2 } as const;
    const receipt = await harness.act(orchestrator, { ...respawn, override: { image: 'praetorian/nowhere:1' } });
    expect(receipt).toMatchObject({ result: 'failed', text: expect.stringContaining('praetorian/nowhere') as string });
    expect(await harness.containers()).toMatchObject([{ Id: web.id, State: 'running', Names: [`/${web.name}`] }]);
    const recreated = await harness.act(orchestrator, { kind: 'recreate', ...on(web.name, old), graceMs: 1_000 });
    expect(recreated.result).toBe('succeeded');
    expect((await harness.inspect(web.name)).Image).toBe((await harness.inspect(web.id)).Image);
  });

  it('isolate: it runs on in no network, and comes back with its address and its aliases', async () => {
    const network = await harness.docker.createNetwork({
      Name: unique('net'),
      Labels: labels,
      IPAM: { Config: [{ Subnet: '172.31.78.0/24' }] },
    });
    const web = await harness.run('web');
    await network.connect({
      Container: web.id,
      EndpointConfig: { Aliases: ['front'], IPAMConfig: { IPv4Address: '172.31.78.9' } },
    });
    const orchestrator = await harness.start();
    const instance = (await harness.follow(orchestrator)).instance(web.name);
    await harness.act(orchestrator, { kind: 'isolate', ...on(web.name, instance) });
    const alone = await harness.inspect(web.id);
    expect(alone.NetworkSettings.Networks).toEqual({});
    expect(alone.State).toMatchObject({ Running: true, Pid: (await harness.inspect(web.id)).State.Pid });
    await harness.act(orchestrator, { kind: 'reinstate', ...on(web.name, instance) });
    const back = (await harness.inspect(web.id)).NetworkSettings.Networks;
    expect(Object.keys(back)).toHaveLength(2);
    expect(Object.values(back).find(({ IPAddress }) => IPAddress === '172.31.78.9')?.Aliases).toContain('front');
  });

  it('gives the stop timeout of the container as a label, and leaves a paused container alone', async () => {
    const web = await harness.run('web', { StopTimeout: 25 });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    expect(inventory.agent(web.name).labels).toMatchObject({ 'stop-timeout': '25s' });
    await harness.docker.getContainer(web.id).pause();
    const action = { kind: 'restart', ...on(web.name, inventory.instance(web.name)), graceMs: 1_000 } as const;
    expect(await orchestrator.prepare(action, key)).toMatchObject({
      act: false,
      reason: { code: 'orchestrator-refused' },
    });
  });

  it('lets a replaced container go when the new one has run for long enough', async () => {
    const web = await harness.run('web');
    const orchestrator = await harness.start({ keepOld: 1_000 });
    const old = (await harness.follow(orchestrator)).instance(web.name);
    await harness.act(orchestrator, { kind: 'recreate', ...on(web.name, old), graceMs: 1_000 });
    expect(await harness.containers()).toHaveLength(2);
    await until(async () => (await harness.containers()).length === 1);
    expect((await harness.inspect(web.name)).State.Running).toBe(true);
  });

  it('tells of a container that a restart ended and could not start again that it died, and not that a person did it', async () => {
    const source = join(harness.dir, 'mounted');
    mkdirSync(source);
    const Mounts = [{ Type: 'bind', Source: source, Target: '/mounted' } as const];
    const web = await harness.run('web', { HostConfig: { Mounts: [...Mounts] } });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    rmdirSync(source);
    const action = { kind: 'restart', ...on(web.name, inventory.instance(web.name)), graceMs: 1_000 } as const;
    expect(await harness.act(orchestrator, action)).toMatchObject({ result: 'failed' });
    await inventory.until((seen) => seen.lifecycle(web.name).includes('died'));
    expect(inventory.instance(web.name).state).toBe('exited');
    expect(inventory.lifecycle(web.name)).not.toContain('stopped');
  });
});
