import { describe, expect, it } from 'vitest';
import { eachHarness } from './each-harness.ts';
import { labels, testEngine, unique } from './engine-kit.ts';
import { type Harness, type Inventory, until } from './harness.ts';

const docker = await testEngine();

describe.runIf(docker)('the inventory of an engine', () => {
  let harness: Harness;

  eachHarness(docker, (one) => void (harness = one));

  const follow = async (given: Parameters<Harness['start']>[0] = {}): Promise<Inventory> =>
    harness.follow(await harness.start(given));
  const container = (id: string) => harness.docker.getContainer(id);
  const pidOf = async (id: string): Promise<number> => (await harness.inspect(id)).State.Pid;
  const told = (inventory: Inventory, name: string, event: string) =>
    inventory.until((seen) => seen.lifecycle(name).includes(event));

  it('holds who carries the labels, and nobody with an empty selector', async () => {
    const web = await harness.run('web', { Labels: { 'praetorian.mode': 'observe', 'praetorian.group': 'front' } });
    await harness.run('other', { Labels: { [harness.selector]: 'no' } });
    await harness.run('task', { Labels: { 'com.docker.swarm.task.id': 't1' } });
    await harness.run('once', { Labels: { 'com.docker.compose.oneoff': 'True' } });
    const inventory = await follow();
    const agents = inventory.events.flatMap((event) => (event.type === 'present' ? [event.agent.id] : []));
    expect(agents).toEqual([web.name]);
    expect(inventory.agent(web.name)).toMatchObject({
      group: 'front',
      labels: { mode: 'observe' },
      instance: {
        id: `${web.name}~${web.id.slice(0, 12)}`,
        generation: 1,
        state: 'running',
        ref: { container: web.id },
      },
    });
    const none = await follow({ select: [] });
    expect(none.events).toEqual([{ type: 'synced' }]);
  });

  it('tells who comes and goes while it is followed', async () => {
    const inventory = await follow();
    const web = await harness.run('web');
    await inventory.until((seen) => seen.lifecycle(web.name).includes('started'));
    expect(inventory.instance(web.name).state).toBe('running');
    await container(web.id).remove({ force: true });
    await inventory.until((seen) =>
      seen.events.some((event) => event.type === 'removed' && event.agentId === web.name),
    );
    expect(inventory.lifecycle(web.name)).not.toContain('died');
  });

  it('keeps the id of a container that somebody made anew under its name, and counts its generations', async () => {
    const web = await harness.run('web');
    const inventory = await follow();
    await container(web.id).remove({ force: true });
    const again = await harness.run('web', { name: web.name });
    await inventory.until((seen) => seen.instance(web.name).id === `${web.name}~${again.id.slice(0, 12)}`);
    expect(inventory.instance(web.name).generation).toBe(2);
  });

  it('tells an end with its exit code, and of one that a person stopped only that', async () => {
    const [web, db] = [await harness.run('web'), await harness.run('db')];
    const inventory = await follow();
    process.kill(await pidOf(web.id), 'SIGKILL');
    await told(inventory, web.name, 'died');
    expect(inventory.events.findLast(({ type }) => type === 'lifecycle')).toMatchObject({ exitCode: 137 });
    expect(inventory.instance(web.name).state).toBe('exited');
    await container(db.id).stop({ t: 1 });
    await told(inventory, db.name, 'stopped');
    expect(inventory.instance(db.name).state).toBe('stopped');
    expect(inventory.lifecycle(db.name)).not.toContain('died');
  });

  it('knows after a pause of the guard who was stopped by a person meanwhile, and who ended by itself', async () => {
    const [web, db] = [await harness.run('web'), await harness.run('db')];
    const first = await harness.start();
    const before = await harness.follow(first);
    await container(db.id).restart({ t: 1 });
    await told(before, db.name, 'started');
    await first.stop();
    process.kill(await pidOf(web.id), 'SIGKILL');
    await container(db.id).kill();
    await until(async () => !(await harness.inspect(web.id)).State.Running);
    const after = await follow();
    expect(after.lifecycle(web.name)).toEqual(['died']);
    expect(after.lifecycle(db.name)).toEqual(['stopped']);
  });

  it('takes an end with code 0 for done, unless the container is a service', async () => {
    const Cmd = ['sh', '-c', 'trap "exit 0" USR1; while :; do sleep 0.1; done'];
    const job = await harness.run('job', { Cmd, HostConfig: { Init: false } });
    const service = await harness.run('service', {
      Cmd,
      HostConfig: { Init: false },
      Labels: { 'praetorian.lifetime': 'service' },
    });
    const inventory = await follow();
    for (const { id } of [job, service]) process.kill(await pidOf(id), 'SIGUSR1');
    await told(inventory, service.name, 'died');
    await told(inventory, job.name, 'stopped');
    expect(inventory.lifecycle(job.name)).toEqual(['stopped']);
  });

  it('leaves a restart policy its time, and tells that it acted', async () => {
    const web = await harness.run('web', { HostConfig: { RestartPolicy: { Name: 'always' } } });
    const inventory = await follow();
    process.kill(await pidOf(web.id), 'SIGKILL');
    await told(inventory, web.name, 'restarted');
    expect(inventory.lifecycle(web.name)).toEqual(['restarted']);
    expect(inventory.instance(web.name).state).toBe('running');
  });

  it('tells of an end that the restart policy does not mend within the grace', async () => {
    const web = await harness.run('web', {
      Cmd: ['sh', '-c', 'sleep 0.5; exit 3'],
      HostConfig: { RestartPolicy: { Name: 'on-failure', MaximumRetryCount: 1 } },
    });
    const inventory = await follow({ restartGrace: 300 });
    await told(inventory, web.name, 'died');
    await until(async () => !(await harness.inspect(web.id)).State.Running);
  });

  it('tells the end of a container whose policy pauses for longer and longer between its tries', async () => {
    const web = await harness.run('web', {
      Cmd: ['sh', '-c', 'exit 3'],
      HostConfig: { RestartPolicy: { Name: 'always' } },
    });
    const inventory = await follow({ restartGrace: 300 });
    await told(inventory, web.name, 'died');
    expect(inventory.instance(web.name).state).toBe('exited');
    expect(inventory.events.findLast((event) => event.type === 'lifecycle' && event.event === 'died')).toMatchObject({
      exitCode: 3,
    });
  });

  it('tells that a container ran out of memory', async () => {
    const web = await harness.run('web', {
      Cmd: ['sh', '-c', 'while ! test -e /tmp/go; do sleep 0.1; done; x=a; while :; do x=$x$x; done'],
      HostConfig: { Memory: 8 * 1024 ** 2, MemorySwap: 8 * 1024 ** 2, Init: false },
    });
    const inventory = await follow();
    const exec = await container(web.id).exec({ Cmd: ['touch', '/tmp/go'] });
    await exec.start({});
    await told(inventory, web.name, 'oom-killed');
    expect(inventory.lifecycle(web.name)).toEqual(['oom-killed']);
  });

  it('tells what its own health check says, with what the check printed', async () => {
    const web = await harness.run('web', {
      Cmd: ['sh', '-c', 'touch /tmp/well; sleep 1000'],
      Healthcheck: {
        Test: ['CMD-SHELL', 'test -e /tmp/well || { echo not well; exit 1; }'],
        Interval: 200_000_000,
        Timeout: 1_000_000_000,
        Retries: 2,
      },
    });
    const inventory = await follow();
    await told(inventory, web.name, 'healthy');
    const exec = await container(web.id).exec({ Cmd: ['rm', '/tmp/well'] });
    await exec.start({});
    await told(inventory, web.name, 'unhealthy');
    expect(inventory.events.findLast(({ type }) => type === 'lifecycle')).toMatchObject({ detail: 'not well' });
  });

  it('tells a pause and its end', async () => {
    const web = await harness.run('web');
    const inventory = await follow();
    await container(web.id).pause();
    await told(inventory, web.name, 'paused');
    expect(inventory.instance(web.name).state).toBe('paused');
    await container(web.id).unpause();
    await told(inventory, web.name, 'started');
    expect(inventory.instance(web.name).state).toBe('running');
  });

  it('names containers of Compose after project, service and number, and knows what they wait for', async () => {
    const project = unique('shop');
    const composed = (service: string, number: string, more: { readonly [name: string]: string } = {}) =>
      harness.run(service, {
        Labels: {
          'com.docker.compose.project': project,
          'com.docker.compose.service': service,
          'com.docker.compose.container-number': number,
          ...more,
        },
      });
    await composed('web', '1', { 'com.docker.compose.depends_on': 'db:service_started:false' });
    await composed('job', '1', { 'praetorian.depends-on': 'web' });
    const inventory = await follow();
    expect(inventory.agent(`${project}_web.1`)).not.toHaveProperty('dependsOn');
    await composed('db', '1');
    await composed('db', '2');
    await inventory.until((seen) => (seen.agent(`${project}_web.1`).dependsOn ?? []).length === 2);
    expect(inventory.agent(`${project}_web.1`)).toMatchObject({
      group: `${project}_web`,
      dependsOn: [`${project}_db.1`, `${project}_db.2`],
    });
    expect(inventory.agent(`${project}_job.1`).dependsOn).toEqual([`${project}_web.1`]);
  });

  it('names the address of an agent that says its port', async () => {
    const web = await harness.run('web', { Labels: { 'praetorian.port': '8080' } });
    const [network] = Object.values((await harness.inspect(web.id)).NetworkSettings.Networks);
    const inventory = await follow();
    expect(inventory.instance(web.name).endpoint).toBe(`http://${network?.IPAddress}:8080`);
  });

  it('names the address at which the port of an agent is published, and there it answers', async () => {
    const HostConfig = { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.2', HostPort: '0' }] } };
    const Labels = { 'praetorian.port': '80' };
    const Cmd = ['httpd', '-f', '-p', '80'];
    const web = await harness.run('web', { Cmd, Labels, ExposedPorts: { '80/tcp': {} }, HostConfig });
    const inventory = await follow({ reach: 'published' });
    const { endpoint = '' } = inventory.instance(web.name);
    expect(endpoint).toMatch(/^http:\/\/127\.0\.0\.2:\d+$/);
    const answer = await fetch(endpoint);
    expect(answer.status).toBe(404);
    await answer.body?.cancel();
  });

  it('names the address of the container that an agent lives in the network of, also where that is no agent', async () => {
    const vpn = await harness.run('vpn', { Labels: { [harness.selector]: 'no' } });
    const HostConfig = { NetworkMode: `container:${vpn.id}` };
    const web = await harness.run('web', { Labels: { 'praetorian.port': '80' }, HostConfig });
    const inventory = await follow();
    await inventory.until((seen) => seen.instance(web.name).endpoint !== undefined);
    const { IPAddress } = (await harness.inspect(vpn.id)).NetworkSettings.Networks['bridge'] ?? {};
    expect(inventory.instance(web.name).endpoint).toBe(`http://${IPAddress}:80`);
  });

  it('takes one of several containers that would be the same agent, and the next when that is gone', async () => {
    const agent = unique('worker');
    const Labels = { 'praetorian.agent': agent };
    const [first, second] = [await harness.run('w', { Labels }), await harness.run('w', { Labels })];
    const inventory = await follow();
    expect(inventory.instance(agent).ref).toEqual({ container: first.id });
    await container(second.id).restart({ t: 0 });
    await container(first.id).remove({ force: true });
    await inventory.until((seen) => seen.instance(agent).ref?.['container'] === second.id);
    expect(inventory.events.some(({ type }) => type === 'removed')).toBe(false);
  });

  it('tells a rename by hand as the end of one agent and the beginning of another', async () => {
    const web = await harness.run('web');
    const inventory = await follow();
    const name = unique('webx');
    await container(web.id).rename({ name });
    await inventory.until((seen) => seen.events.some((event) => event.type === 'present' && event.agent.id === name));
    expect(inventory.events).toContainEqual({ type: 'removed', agentId: web.name });
  });

  it('tells a reload from a stop, and a stop by a signal of its own', async () => {
    const Cmd = ['sh', '-c', 'trap "exit 3" USR1; trap : HUP; while :; do sleep 0.1; done'];
    const web = await harness.run('web', { Cmd, HostConfig: { Init: false } });
    const own = await harness.run('own', { Cmd, StopSignal: 'SIGUSR1', HostConfig: { Init: false } });
    const inventory = await follow();
    await container(web.id).kill({ signal: 'SIGHUP' });
    process.kill(await pidOf(web.id), 'SIGUSR1');
    await container(own.id).stop({ t: 5 });
    await told(inventory, web.name, 'died');
    await told(inventory, own.name, 'stopped');
    expect(inventory.lifecycle(web.name)).toEqual(['died']);
    expect(inventory.lifecycle(own.name)).not.toContain('died');
  });

  it('follows an agent to another address', async () => {
    const network = await harness.docker.createNetwork({
      Name: unique('net'),
      Labels: labels,
      IPAM: { Config: [{ Subnet: '172.31.79.0/24' }] },
    });
    const web = await harness.run('web', {
      Labels: { 'praetorian.port': '80' },
      HostConfig: { NetworkMode: network.id },
    });
    const inventory = await follow();
    await network.disconnect({ Container: web.id });
    const IPAMConfig = { IPv4Address: '172.31.79.77' };
    await network.connect({ Container: web.id, EndpointConfig: { IPAMConfig } });
    await inventory.until((seen) => seen.instance(web.name).endpoint === 'http://172.31.79.77:80');
  });

  it('puts a prefix before the ids, so that two engines may have containers of one name', async () => {
    const web = await harness.run('web');
    const inventory = await follow({ idPrefix: 'east:' });
    expect(inventory.agent(`east:${web.name}`).instance.id).toBe(`east:${web.name}~${web.id.slice(0, 12)}`);
  });
});
