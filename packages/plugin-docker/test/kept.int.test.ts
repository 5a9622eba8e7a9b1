import { createRig } from '@praetorian-guard/core/testing';
import { describe, expect, it } from 'vitest';
import { EngineError } from '../src/engine/engine-error.ts';
import { eachHarness } from './each-harness.ts';
import { testEngine, unique } from './engine-kit.ts';
import { failing } from './failing.ts';
import { type Harness, until } from './harness.ts';
import { always, recreate, statesOf } from './replacing.ts';

const docker = await testEngine();

describe.runIf(docker)('a container that was replaced and is kept', () => {
  let harness: Harness;

  eachHarness(docker, (one) => void (harness = one));

  const states = (name: string): Promise<string[]> => statesOf(harness, name);

  it('a retired replacement gives way to the container that it replaced', async () => {
    const web = await harness.run('web', { HostConfig: { RestartPolicy: { Name: 'unless-stopped' } } });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const made = await harness.act(orchestrator, recreate(web.name, inventory.instance(web.name)));
    const instanceId = made.result === 'succeeded' ? (made.instance?.id ?? '') : '';
    const retired = await harness.act(orchestrator, { kind: 'retire', agentId: web.name, instanceId, graceMs: 1_000 });
    expect(retired.result).toBe('succeeded');
    expect(await harness.containers()).toMatchObject([{ Id: web.id, State: 'running', Names: [`/${web.name}`] }]);
    expect((await harness.inspect(web.id)).HostConfig.RestartPolicy).toMatchObject({ Name: 'unless-stopped' });
    await inventory.until((seen) => seen.instance(web.name).ref?.['container'] === web.id);
  });

  it('of replacements that had no time to prove themselves the container before them all is kept, and comes back', async () => {
    const web = await harness.run('web');
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const replace = async () => {
      const action = recreate(web.name, inventory.instance(web.name));
      const made = await harness.act(orchestrator, action, unique('key'));
      const instanceId = (made.result === 'succeeded' && made.instance?.id) || '';
      await inventory.until((seen) => seen.instance(web.name).id === instanceId);
      return instanceId;
    };
    await replace();
    const instanceId = await replace();
    const kept = (await harness.containers()).filter(({ State }) => State === 'exited');
    expect(kept).toMatchObject([{ Id: web.id }]);
    await harness.act(orchestrator, { kind: 'retire', agentId: web.name, instanceId, graceMs: 1_000 }, unique('key'));
    expect(await harness.containers()).toMatchObject([{ Id: web.id, State: 'running', Names: [`/${web.name}`] }]);
  });

  it('a kept container that somebody has taken back is left to them', async () => {
    const web = await harness.run('web', always);
    const orchestrator = await harness.start({ keepOld: 500 });
    const inventory = await harness.follow(orchestrator);
    await harness.act(orchestrator, recreate(web.name, inventory.instance(web.name)));
    await harness.docker.getContainer(web.name).remove({ force: true });
    const old = harness.docker.getContainer(web.id);
    await old.rename({ name: web.name });
    await old.start();
    await until(async () => (await harness.inspect(web.id)).HostConfig.RestartPolicy?.Name === 'always');
    expect(await states(web.name)).toEqual(['/web running']);
  });

  /** An agent that was recreated; by their labels both are the one container of a service, as Compose sees them. */
  async function replaced() {
    const service = unique('db');
    const labels = {
      'com.docker.compose.project': 'shop',
      'com.docker.compose.service': service,
      'com.docker.compose.container-number': '1',
    };
    const agentId = `shop_${service}.1`;
    const db = await harness.run('db', { ...always, Labels: labels });
    const rig = createRig();
    const orchestrator = harness.create({}, rig);
    await orchestrator.start();
    const inventory = await harness.follow(orchestrator);
    await harness.act(orchestrator, recreate(agentId, inventory.instance(agentId)));
    const warned = (): boolean => rig.log.entries.some(({ level }) => level === 'warn');
    return { agentId, old: harness.docker.getContainer(db.id), db, inventory, warned };
  }

  it('a kept container that is started beside the one after it is stopped again, and it is said', async () => {
    const { agentId, old, db, inventory, warned } = await replaced();
    const instance = inventory.instance(agentId);
    await old.start();
    await until(async () => !(await harness.inspect(db.id)).State.Running);
    await harness.docker.getContainer(db.name).stop({ t: 1 });
    await inventory.until((seen) => seen.lifecycle(agentId).includes('stopped'));
    // As `docker compose start` does.
    await old.start();
    await harness.docker.getContainer(db.name).start();
    await until(async () => !(await harness.inspect(db.id)).State.Running);
    await until(async () => warned());
    expect((await harness.inspect(db.name)).State.Running).toBe(true);
    expect(inventory.instance(agentId).id).toBe(instance.id);
  });

  it('a kept container is the agent again when it is started and the one after it was removed', async () => {
    const { agentId, old, db, inventory, warned } = await replaced();
    // As `docker compose up` does, which of two with one number keeps the older.
    await harness.docker.getContainer(db.name).remove({ force: true });
    await old.start();
    await until(async () => (await harness.inspect(db.id)).Name === `/${db.name}`);
    await inventory.until((seen) => seen.instance(agentId).state === 'running');
    await until(async () => (await harness.inspect(db.id)).HostConfig.RestartPolicy?.Name === 'always');
    await until(async () => warned());
    expect(await harness.containers()).toHaveLength(1);
  });

  it('a replaced container that was being removed already, and stayed all the same, goes later', async () => {
    const web = await harness.run('web');
    const error = new EngineError('remove: removal is already in progress', { status: 409, lost: false });
    const orchestrator = harness.create({}, undefined, failing('remove', { error }));
    await orchestrator.start();
    const first = (await harness.follow(orchestrator)).instance(web.name);
    const made = await harness.act(orchestrator, recreate(web.name, first));
    const second = (made.result === 'succeeded' && made.instance) || first;
    expect(await harness.act(orchestrator, recreate(web.name, second))).toMatchObject({ result: 'succeeded' });
    expect(await harness.containers()).toHaveLength(3);
    await until(async () => (await harness.containers()).length === 2);
    expect((await harness.inspect(web.name)).State.Running).toBe(true);
  });
});
