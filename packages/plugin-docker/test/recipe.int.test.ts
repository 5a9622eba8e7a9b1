import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import type { ContainerCreateOptions } from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { systemClock } from '@praetorian-guard/core/testing';
import { type Recipe, recipeOf } from '../src/containers/recipe.ts';
import { addressOf } from '../src/engine/address.ts';
import { Engine } from '../src/engine/engine.ts';
import { comparable } from './comparable.ts';
import { cleanUp, importBusybox, labels, testEngine, unique } from './engine-kit.ts';
import { everything } from './everything.ts';
import { engineUrl } from './harness.ts';

const engine = await testEngine();

describe.runIf(engine)('a container made again from its recipe', () => {
  const docker = engine as Docker;
  const folder = mkdtempSync(join(tmpdir(), 'praetorian-bind-'));
  let image: string;

  beforeAll(async () => {
    // With defaults of its own, since those come back in every inspect as if the container had asked for them.
    image = await importBusybox(docker, ['EXPOSE 81', 'VOLUME /kept', 'ENV FROM_IMAGE=1', 'LABEL from.image=1']);
    writeFileSync(join(folder, 'file'), 'bind\n');
    chmodSync(folder, 0o755);
  });
  afterAll(async () => {
    await cleanUp(docker);
    rmSync(folder, { recursive: true });
  });

  test('has everything the old one had, and the data in its volumes', async () => {
    const frontName = unique('front');
    const front = await network('10.213.1.0/24', frontName);
    const back = await network('10.213.2.0/24', unique('back'), 'fd13:2::/64');
    const plain = await importBusybox(docker);
    const helper = await start({ Image: plain, Volumes: { '/borrowed': {} }, HostConfig: { NetworkMode: front } });
    const volume = unique('volume');
    await docker.createVolume({ Name: volume, Labels: labels });
    const cgroup = (await docker.info()).CgroupDriver === 'systemd' ? 'praetorian.slice' : '/praetorian';
    const around = { image, network: frontName, helper: helper.id, volume, folder, hostPort: await freePort(), cgroup };
    const old = await create(everything(around));
    const addresses = { IPv4Address: '10.213.2.60', IPv6Address: 'fd13:2::60', LinkLocalIPs: ['169.254.33.7'] };
    await docker
      .getNetwork(back)
      .connect({ Container: old.id, EndpointConfig: { Aliases: ['web-back'], IPAMConfig: addresses } });
    await old.start();
    const places = ['/anonymous', '/kept', '/named', '/sourceless', '/unnamed'];
    await run(old, `for place in ${places.join(' ')}; do echo $place > $place/file; done`);
    await run(helper, 'echo /borrowed > /borrowed/file');
    const before = await inspect(old);

    const recipe = recipeOf(before, { name: unique('again'), imageUnmoved: true });
    await old.remove({ force: true, v: false });
    const fresh = await make(recipe);
    const after = await inspect(fresh);
    expect(comparable(after)).toEqual(comparable(before));
    const texts = await run(fresh, `cat ${[...places, '/borrowed', '/bind'].map((at) => `${at}/file`).join(' ')}`);
    expect(texts.split('\n').map((line) => line.trim())).toEqual([...places, '/borrowed', 'bind', '']);
    // Made again once more it is the same: nothing piles up.
    expect(recipeOf(after, { name: recipe.name, imageUnmoved: true })).toEqual(recipe);
  });

  test('gets the hostname that its own id gives, on the default bridge with a link and a MAC address of its own', async () => {
    const other = await start();
    const name = (await inspect(other)).Name.slice(1);
    const old = await start({
      MacAddress: '02:42:ac:11:00:99',
      HostConfig: { Links: [`${name}:store`, `${name}:/odd/alias`] },
    });
    const before = await inspect(old);
    await old.remove({ force: true });
    const fresh = await make(recipeOf(before, { name: unique('again'), imageUnmoved: true }));
    const after = await inspect(fresh);
    expect(comparable(after)).toEqual(comparable(before));
    expect(after.Config.Hostname).toBe(fresh.id.slice(0, 12));
    expect(await run(fresh, 'hostname; grep -c store /etc/hosts')).toBe(`${fresh.id.slice(0, 12)}\n1\n`);
  });

  test('shares the network of another container, whose hostname and ports it must not ask for', async () => {
    const other = await start({ Hostname: 'other', Domainname: 'inside.example' });
    const old = await start({ HostConfig: { NetworkMode: `container:${other.id}` } });
    const before = await inspect(old);
    expect(before.Config).toMatchObject({ Hostname: 'other', ExposedPorts: { '81/tcp': {} } });
    await old.remove({ force: true });
    const fresh = await make(recipeOf(before, { name: unique('again'), imageUnmoved: true }));
    expect(comparable(await inspect(fresh))).toEqual(comparable(before));
  });

  test.each(['host', 'none'])('with network %s', async (NetworkMode) => {
    const old = await start({ HostConfig: { NetworkMode, UTSMode: NetworkMode === 'host' ? 'host' : '' } });
    const before = await inspect(old);
    await old.remove({ force: true });
    const fresh = await make(recipeOf(before, { name: unique('again'), imageUnmoved: true }));
    expect(comparable(await inspect(fresh))).toEqual(comparable(before));
  });

  test('finds its networks after others got the same names', async () => {
    const names = [unique('twin'), unique('twin')];
    const [front, back] = [await network('10.213.3.0/24', names[0]), await network('10.213.4.0/24', names[1])];
    const old = await start({ HostConfig: { NetworkMode: String(names[0]) } });
    await docker.getNetwork(back).connect({ Container: old.id });
    const before = await inspect(old);
    try {
      await network('10.213.5.0/24', names[0]);
      await network('10.213.6.0/24', names[1]);
    } catch {
      // Newer engines refuse a name that is taken, and then there is nothing to mix up.
    }
    const fresh = await make(recipeOf(before, { name: unique('again') }));
    expect(networksOf(await inspect(fresh))).toEqual([front, back].sort());
  });

  test('finds its network by a short id, with what was asked for there', async () => {
    const id = await network('10.213.7.0/24');
    const endpoint = { Aliases: ['web'], IPAMConfig: { IPv4Address: '10.213.7.50' } };
    const old = await start({
      HostConfig: { NetworkMode: id.slice(0, 12) },
      NetworkingConfig: { EndpointsConfig: { [id.slice(0, 12)]: endpoint } },
    });
    const before = await inspect(old);
    await old.remove({ force: true });
    const after = await inspect(await make(recipeOf(before, { name: unique('again') })));
    expect(networksOf(after)).toEqual([id]);
    expect(Object.values(after.NetworkSettings.Networks)).toEqual([
      expect.objectContaining({ IPAddress: '10.213.7.50', Aliases: expect.arrayContaining(['web']) as string[] }),
    ]);
  });

  test('stays out of the network it was made for when it had left it', async () => {
    const [front, back] = [await network('10.213.8.0/24'), await network('10.213.9.0/24')];
    const old = await start({ HostConfig: { NetworkMode: front } });
    await docker.getNetwork(front).disconnect({ Container: old.id });
    const alone = await make(recipeOf(await inspect(old), { name: unique('alone') }));
    expect(networksOf(await inspect(alone))).toEqual([]);
    await docker.getNetwork(back).connect({ Container: old.id });
    const moved = await make(recipeOf(await inspect(old), { name: unique('moved') }));
    expect(networksOf(await inspect(moved))).toEqual([back]);
  });

  test('a copy beside it has new volumes where the old one has some without a name, also when it was made again before', async () => {
    const HostConfig = { Binds: ['/sourceless'], Mounts: [{ Type: 'volume', Target: '/unnamed' }] as never };
    const first = await start({ Volumes: { '/anonymous': {} }, HostConfig });
    const again = recipeOf(await inspect(first), { name: unique('again'), imageUnmoved: true });
    await first.remove({ force: true, v: false });
    const old = await make(again);
    const places = ['/anonymous', '/kept', '/sourceless', '/unnamed'];
    await run(old, `for place in ${places.join(' ')}; do echo $place > $place/file; done`);
    const before = await inspect(old);
    const copy = await make(recipeOf(before, { name: unique('copy'), imageUnmoved: true, copy: true }));
    const after = await inspect(copy);
    expect(after.Mounts.map(({ Destination }) => Destination).sort()).toEqual(places);
    const names = [...before.Mounts, ...after.Mounts].map(({ Name }) => Name);
    expect(new Set(names).size).toBe(2 * places.length);
    expect(await run(copy, `cat ${places.map((at) => `${at}/file`).join(' ')} 2>/dev/null || true`)).toBe('');
  });

  test('takes what is not its own from a new image, keeps its data, and heeds new limits', async () => {
    const newer = await importBusybox(docker, ['CMD ["sleep","2000000"]', 'ENV FROM_IMAGE=2', 'EXPOSE 82']);
    const old = await start({
      Env: ['OWN=1'],
      Labels: labels,
      HostConfig: { Memory: 64 * 1024 ** 2, CpuQuota: 9_000 },
    });
    await run(old, 'echo kept > /kept/file');
    const { Config } = await docker.getImage(image).inspect();
    const override = { image: newer, memoryLimit: 32 * 1024 ** 2, cpuLimit: 0.5, timeoutMs: 1_500, env: { MORE: '2' } };
    const recipe = recipeOf(await inspect(old), { name: unique('newer'), override, oldImageConfig: Config });
    await old.remove({ force: true });
    const fresh = await make(recipe);
    const after = await inspect(fresh);
    expect(after.Config).toMatchObject({ Image: newer, Cmd: ['sleep', '2000000'], ExposedPorts: { '82/tcp': {} } });
    expect([...after.Config.Env].sort()).toEqual(['FROM_IMAGE=2', 'MORE=2', 'OWN=1', 'PRAETORIAN_TIMEOUT_MS=1500']);
    expect(after.HostConfig).toMatchObject({
      Memory: 32 * 1024 ** 2,
      MemorySwap: 64 * 1024 ** 2,
      NanoCpus: 500_000_000,
      CpuQuota: 0,
    });
    expect(after.Config.Labels).toEqual(expect.not.objectContaining({ 'from.image': '1' }));
    expect(await run(fresh, 'cat /kept/file')).toBe('kept\n');
  });

  test('saves the anonymous volumes of a container that the engine removes by itself, when made before that stops', async () => {
    const old = await start({ HostConfig: { AutoRemove: true } });
    await run(old, 'echo kept > /kept/file');
    const recipe = recipeOf(await inspect(old), { name: unique('again'), imageUnmoved: true });
    const fresh = await create({ ...recipe.create, name: recipe.name });
    const gone = old.wait({ condition: 'removed' });
    await old.stop({ t: 0 });
    await gone;
    await fresh.start();
    expect((await inspect(fresh)).HostConfig.AutoRemove).toBe(true);
    expect(await run(fresh, 'cat /kept/file')).toBe('kept\n');
  });

  test('leaves the data of the old one where it is when it is removed again with what was made for it', async () => {
    const old = await start({ Volumes: { '/anonymous': {} } });
    const kept = (await inspect(old)).Mounts.map(({ Name = '' }) => Name);
    const recipe = recipeOf(await inspect(old), { name: unique('again'), imageUnmoved: true });
    const fresh = await create({ ...recipe.create, name: recipe.name, Volumes: { '/anonymous': {}, '/more': {} } });
    const more = (await inspect(fresh)).Mounts.map(({ Name = '' }) => Name).filter((name) => !kept.includes(name));
    await old.remove({ force: true, v: false });
    const client = new Engine(addressOf(engineUrl, undefined, '/'), systemClock());
    await client.connect();
    await client.remove(fresh.id, { withVolumes: true });
    client.close();
    const left = (await docker.listVolumes()).Volumes.map(({ Name }) => Name);
    expect([kept, more].map((names) => names.map((name) => left.includes(name)))).toEqual([[true, true], [false]]);
    for (const name of kept) await docker.getVolume(name).remove();
  });

  async function create(options: ContainerCreateOptions): Promise<Docker.Container> {
    const Labels = { ...options.Labels, ...labels };
    return docker.createContainer({ name: unique('container'), Image: image, ...options, Labels });
  }

  async function start(options: ContainerCreateOptions = {}): Promise<Docker.Container> {
    const container = await create(options);
    await container.start();
    return container;
  }

  async function make({ name, create: body, disconnect, connect }: Recipe): Promise<Docker.Container> {
    const container = await docker.createContainer({ ...body, name });
    for (const network of disconnect) await docker.getNetwork(network).disconnect({ Container: container.id });
    for (const { network, endpoint } of connect)
      await docker.getNetwork(network).connect({ Container: container.id, EndpointConfig: endpoint });
    await container.start();
    return container;
  }

  async function network(subnet: string, name = unique('network'), ipv6?: string): Promise<string> {
    const pools = [subnet, ...(ipv6 === undefined ? [] : [ipv6])].map((Subnet) => ({ Subnet }));
    const options = { Name: name, Labels: labels, EnableIPv6: ipv6 !== undefined, IPAM: { Config: pools } };
    return (await docker.createNetwork(options)).id;
  }

  async function run(container: Docker.Container, script: string): Promise<string> {
    const exec = await container.exec({
      Cmd: ['/bin/sh', '-ec', script],
      AttachStdout: true,
      AttachStderr: true,
      Tty: true,
    });
    const stream = await exec.start({ hijack: true, stdin: false, Tty: true });
    let text = '';
    for await (const chunk of stream) text += String(chunk);
    expect({ text, exitCode: (await exec.inspect()).ExitCode }).toEqual({ text, exitCode: 0 });
    return text.replaceAll('\r', '');
  }
});

function inspect(container: Docker.Container): Promise<Docker.ContainerInspectInfo> {
  return container.inspect();
}

function networksOf({ NetworkSettings }: Docker.ContainerInspectInfo): string[] {
  return [...new Set(Object.values(NetworkSettings.Networks).map(({ NetworkID }) => NetworkID))].sort();
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((done) => server.listen(0, done));
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  return port;
}
