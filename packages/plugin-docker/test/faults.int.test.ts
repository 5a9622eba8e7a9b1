import type { Action } from '@praetorian-guard/core/plugin';
import { beforeEach, describe, expect, it } from 'vitest';
import { EngineError } from '../src/engine/engine-error.ts';
import { eachHarness } from './each-harness.ts';
import { testEngine, unique } from './engine-kit.ts';
import { failing } from './failing.ts';
import { type Harness, until } from './harness.ts';
import { always, recreate, statesOf } from './replacing.ts';

const docker = await testEngine();

describe.runIf(docker)('when something goes wrong on the way', () => {
  let harness: Harness;
  /** Of the action; containers of other files that run beside this one carry others. */
  let key: string;

  eachHarness(docker, (one) => void (harness = one));
  beforeEach(() => void (key = unique('key')));

  const states = (name: string): Promise<string[]> => statesOf(harness, name);

  it('the old container is back under its name and with its policy when it could not be stopped', async () => {
    const web = await harness.run('web', always);
    const error = new EngineError('stop: did not receive an exit event', { status: 500, lost: false });
    const orchestrator = harness.create({}, undefined, failing('stop', { error }));
    await orchestrator.start();
    const inventory = await harness.follow(orchestrator);
    const receipt = await harness.act(orchestrator, recreate(web.name, inventory.instance(web.name)));
    expect(receipt).toMatchObject({ result: 'failed' });
    expect(await states(web.name)).toEqual(['/web running']);
    expect((await harness.inspect(web.id)).HostConfig.RestartPolicy).toMatchObject({ Name: 'always' });
    expect(inventory.events.some(({ type }) => type === 'removed')).toBe(false);
  });

  it.each(['recreate', 'respawn'] as const)(
    'a new container that is stuck for good is made again: %s',
    async (kind) => {
      const web = await harness.run('web', always);
      const error = new EngineError('start a container: task 0123abcd: already exists', { status: 500, lost: false });
      const orchestrator = harness.create({}, undefined, failing('start', { error }));
      await orchestrator.start();
      const instance = (await harness.follow(orchestrator)).instance(web.name);
      const action: Action =
        kind === 'recreate'
          ? recreate(web.name, instance)
          : { kind, agentId: web.name, instanceId: instance.id, mode: 'beside', generation: 2, graceMs: 1_000 };
      expect(await harness.act(orchestrator, action)).toMatchObject({ result: 'succeeded' });
      const other = kind === 'recreate' ? '/praetorian-kept.web.2 exited' : '/web.praetorian-2 running';
      expect((await states(web.name)).toSorted()).toEqual([other, '/web running'].toSorted());
      const made = (await harness.containers()).filter(({ State }) => State === 'running');
      for (const { Id } of made) expect((await harness.inspect(Id)).HostConfig.RestartPolicy?.Name).toBe('always');
    },
  );

  it('an answer that was lost is no failure: the same key goes on where it was', async () => {
    const web = await harness.run('web', always);
    const error = new EngineError('create: socket hang up', { lost: true });
    const orchestrator = harness.create({}, undefined, failing('create', { error, after: true }));
    await orchestrator.start();
    const instance = (await harness.follow(orchestrator)).instance(web.name);
    const intent = await harness.prepare(orchestrator, recreate(web.name, instance), key);
    const run = () => orchestrator.execute(intent, harness.grant(key), harness.call());
    expect(await run()).toMatchObject({ result: 'unknown' });
    expect(await orchestrator.reconcile(intent)).toMatchObject({ result: 'failed' });
    expect(await run()).toMatchObject({ result: 'succeeded' });
    expect(await states(web.name)).toEqual(['/web running', '/praetorian-kept.web.2 exited']);
  });

  it('what a person paused or stopped after it was planned is not touched', async () => {
    const [web, db] = [await harness.run('web'), await harness.run('db')];
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const run = async (name: string, meanwhile: () => Promise<unknown>) => {
      const intent = await harness.prepare(orchestrator, recreate(name, inventory.instance(name)), name);
      await meanwhile();
      return orchestrator.execute(intent, harness.grant(name), harness.call());
    };
    const paused = await run(web.name, () => harness.docker.getContainer(web.id).pause());
    expect(paused).toMatchObject({ result: 'superseded' });
    const stopped = await run(db.name, async () => {
      await harness.docker.getContainer(db.id).stop({ t: 1 });
      await inventory.until((seen) => seen.lifecycle(db.name).includes('stopped'));
    });
    expect(stopped).toMatchObject({ result: 'superseded' });
  });

  it('what a person is stopping is not touched before it has ended', async () => {
    const web = await harness.run('web', { HostConfig: { Init: false }, Cmd: ['sh', '-c', "trap '' TERM; sleep 300"] });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const act = {
      kind: 'restart',
      agentId: web.name,
      instanceId: inventory.instance(web.name).id,
      graceMs: 0,
    } as const;
    const intent = await harness.prepare(orchestrator, act, 'while');
    const stopping = harness.docker.getContainer(web.id).stop({ t: 4 });
    await inventory.until((seen) => seen.instance(web.name).state === 'stopping');
    const receipt = await orchestrator.execute(intent, harness.grant('while'), harness.call());
    expect(receipt).toMatchObject({ result: 'superseded', text: expect.stringContaining('Somebody is stopping') });
    await stopping;
    await inventory.until((seen) => seen.instance(web.name).state === 'stopped');
    expect(await states(web.name)).toEqual(['/web exited']);
  });

  it('a container is not made anew that others live in, or that removes itself', async () => {
    const web = await harness.run('web');
    await harness.run('side', {
      HostConfig: { NetworkMode: `container:${web.id}` },
      Labels: { [harness.selector]: 'no' },
    });
    const brief = await harness.run('brief', { HostConfig: { AutoRemove: true } });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const on = inventory.instance(web.name);
    const refused = async (action: Action): Promise<string> => {
      const decision = await orchestrator.prepare(action, key);
      return decision.act ? 'admitted' : decision.reason.text;
    };
    expect(await refused(recreate(web.name, on))).toContain('lives in the network');
    const restart = { kind: 'restart', agentId: web.name, instanceId: on.id, graceMs: 0 } as const;
    expect(await refused(restart)).toContain('is no agent');
    const host = await harness.run('host', { HostConfig: { IpcMode: 'shareable' } });
    await inventory.until((seen) => seen.lifecycle(host.name).includes('started'));
    const recreated = (): Promise<string> => refused(recreate(host.name, inventory.instance(host.name)));
    expect(await recreated()).toBe('admitted');
    for (const [mode, space] of Object.entries({ PidMode: 'process space', IpcMode: 'shared memory' })) {
      const HostConfig = { Init: false, [mode]: `container:${host.id}` };
      const lodger = await harness.run('lodger', { HostConfig, Labels: { [harness.selector]: 'no' } });
      expect(await recreated()).toContain(`${lodger.name} lives in the ${space} of ${host.name}`);
      await harness.docker.getContainer(lodger.id).remove({ force: true });
    }
    expect(await refused(recreate(brief.name, inventory.instance(brief.name)))).toContain('--rm');
  });

  it('a retirement that was never admitted is done when there is nobody to retire, and not while there is', async () => {
    const web = await harness.run('web');
    const orchestrator = await harness.start();
    const { id } = (await harness.follow(orchestrator)).instance(web.name);
    const intent = (instanceId: string) => ({
      key: unique('key'),
      action: { kind: 'retire', agentId: web.name, instanceId, graceMs: 0 } as const,
      affects: [web.name],
      before: {},
    });
    expect(await orchestrator.reconcile(intent(id))).toMatchObject({ result: 'failed' });
    expect(await orchestrator.reconcile(intent(`${web.name}~gone`))).toMatchObject({ result: 'succeeded' });
  });

  it('a retirement that could not give the name to who is left is made up for by the next', async () => {
    const web = await harness.run('web');
    const error = new EngineError('rename: out of memory', { status: 500, lost: false });
    const orchestrator = harness.create({}, undefined, failing('rename', { error }));
    await orchestrator.start();
    const { id: instanceId } = (await harness.follow(orchestrator)).instance(web.name);
    const on = { agentId: web.name, instanceId, graceMs: 1_000 };
    await harness.act(orchestrator, { kind: 'respawn', mode: 'beside', ...on, generation: 2 });
    expect((await harness.act(orchestrator, { kind: 'retire', ...on })).result).toBe('failed');
    expect(await states(web.name)).toEqual(['/web.praetorian-2 running']);
    expect((await harness.act(orchestrator, { kind: 'retire', ...on })).result).toBe('succeeded');
    expect(await states(web.name)).toEqual(['/web running']);
  });

  it('a group is scaled under the prefix of its engine', async () => {
    const group = unique('group');
    await harness.run('worker', { name: `${group}.1`, Labels: { 'praetorian.group': group } });
    const orchestrator = await harness.start({ idPrefix: 'east:' });
    const inventory = await harness.follow(orchestrator);
    expect(await harness.act(orchestrator, { kind: 'scale', group, replicas: 2 })).toMatchObject({
      result: 'succeeded',
    });
    await inventory.until((seen) => seen.lifecycle(`east:${group}.2`).includes('started'));
    expect((await harness.containers()).map(({ Names }) => Names[0])).toEqual([`/${group}.1`, `/${group}.2`]);
    expect(await harness.act(orchestrator, { kind: 'scale', group, replicas: 1 })).toMatchObject({
      result: 'succeeded',
    });
    expect(await harness.containers()).toHaveLength(1);
  });

  it('an agent that stands between two containers when the engine is lost stays, and is made anew in its group when it is asked again', async () => {
    const web = await harness.run('web', { ...always, Labels: { 'praetorian.group': 'crew' } });
    const error = new EngineError('create: the engine is gone', { lost: true });
    const orchestrator = harness.create({}, undefined, failing('create', { error }));
    await orchestrator.start();
    const inventory = await harness.follow(orchestrator);
    const intent = await harness.prepare(orchestrator, recreate(web.name, inventory.instance(web.name)), key);
    const run = () => orchestrator.execute(intent, harness.grant(key), harness.call());
    expect(await run()).toMatchObject({ result: 'unknown' });
    expect(await states(web.name)).toEqual(['/praetorian-kept.web.2 running']);
    expect(await run()).toMatchObject({ result: 'succeeded' });
    await inventory.until((seen) => seen.instance(web.name).id === `${web.name}~2`);
    expect(inventory.events.some(({ type }) => type === 'removed')).toBe(false);
    expect(inventory.agent(web.name).group).toBe('crew');
  });

  it('a group is not scaled while one of its containers is being replaced', async () => {
    const group = unique('group');
    const one = await harness.run('worker', { name: `${group}.1`, Labels: { 'praetorian.group': group } });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const scale = { kind: 'scale', group, replicas: 2 } as const;
    const planned = await harness.prepare(orchestrator, scale, 'early');
    const replacing = harness.act(orchestrator, recreate(one.name, inventory.instance(one.name)));
    await until(async () => (await harness.containers()).length === 2);
    expect(await orchestrator.prepare(scale, key)).toMatchObject({ act: false });
    expect(await orchestrator.execute(planned, harness.grant('early'), harness.call())).toMatchObject({
      result: 'superseded',
    });
    await replacing;
    expect(await harness.act(orchestrator, scale)).toMatchObject({ result: 'succeeded' });
  });
});
