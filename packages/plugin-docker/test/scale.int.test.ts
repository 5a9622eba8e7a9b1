import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { eachHarness } from './each-harness.ts';
import { labels, testEngine, unique } from './engine-kit.ts';
import { type Harness, until } from './harness.ts';

const docker = await testEngine();

describe.runIf(docker)('scaling a group of containers', () => {
  let harness: Harness;
  let group: string;

  eachHarness(docker, (one) => void (harness = one));
  beforeEach(() => void (group = unique('group')));

  const to = (replicas: number) => ({ kind: 'scale', group, replicas }) as const;
  const run = (number: number, options: Parameters<Harness['run']>[1] = {}) =>
    harness.run('', { ...options, name: `${group}.${number}`, Labels: { 'praetorian.group': group } });
  const states = async (): Promise<string[]> =>
    (await harness.containers()).map(({ Names, State }) => `${Names[0]?.slice(group.length + 2)} ${State}`);

  it('a copy has volumes of its own in place of those without a name', async () => {
    await run(1, { Volumes: { '/data': {} } });
    const orchestrator = await harness.start();
    await harness.follow(orchestrator);
    expect(await harness.act(orchestrator, to(2))).toMatchObject({ result: 'succeeded' });
    const mounts = await Promise.all([1, 2].map(async (at) => (await harness.inspect(`${group}.${at}`)).Mounts));
    const [first, second] = mounts.map(([mount]) => mount);
    expect(second).toMatchObject({ Type: 'volume', Destination: '/data', RW: true });
    expect(second?.Name).not.toBe(first?.Name);
  });

  it('a copy that cannot start leaves nothing behind, and the one it was to be like keeps its data', async () => {
    const Cmd = ['sh', '-c', '[ -e /flags/end ] && exit 1; touch /flags/begun; exec sleep 1000000'];
    await run(1, { Cmd, Volumes: { '/data': {} }, HostConfig: { Binds: [`${harness.dir}:/flags`] } });
    await until(() => existsSync(join(harness.dir, 'begun')));
    writeFileSync(join(harness.dir, 'end'), '');
    const volumesOf = async (id: string): Promise<readonly string[]> =>
      (await harness.inspect(id)).Mounts.flatMap(({ Name }) => Name ?? []);
    let ofCopy: readonly string[] = [];
    const orchestrator = harness.create({}, undefined, (engine) => {
      const remove = engine.remove.bind(engine);
      engine.remove = async (...given) => {
        ofCopy = await volumesOf(given[0]);
        return remove(...given);
      };
      return engine;
    });
    await orchestrator.start();
    await harness.follow(orchestrator);
    expect(await harness.act(orchestrator, to(2))).toMatchObject({ result: 'failed' });
    expect(await states()).toEqual(['1 running']);
    const there = async ([name = '']: readonly string[]): Promise<boolean> =>
      harness.docker
        .getVolume(name)
        .inspect()
        .then(
          () => true,
          () => false,
        );
    expect(ofCopy).toHaveLength(1);
    expect(await there(ofCopy)).toBe(false);
    expect(await there(await volumesOf(`${group}.1`))).toBe(true);
  });

  it('a volume with a name is not given to a copy, unless others of the group have it already', async () => {
    const volume = unique('volume');
    await harness.docker.createVolume({ Name: volume, Labels: labels });
    const HostConfig = { Binds: [`${volume}:/data`] };
    await run(1, { HostConfig });
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    expect(await orchestrator.prepare(to(2), 'k')).toMatchObject({
      act: false,
      reason: { text: expect.stringContaining('volume at /data') as string },
    });
    await run(2, { HostConfig });
    await inventory.until((seen) => seen.lifecycle(`${group}.2`).includes('started'));
    expect(await harness.act(orchestrator, to(3))).toMatchObject({ result: 'succeeded' });
    expect((await harness.inspect(`${group}.3`)).Mounts).toMatchObject([{ Name: volume }]);
  });

  it('a container that a person has paused or stopped, or that another lives in, is not removed', async () => {
    const [, , third] = [await run(1), await run(2), await run(3)];
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const refusal = async (replicas: number): Promise<string> => {
      const decision = await orchestrator.prepare(to(replicas), 'k');
      return decision.act ? 'admitted' : decision.reason.text;
    };
    for (const [mode, space] of Object.entries({ NetworkMode: 'network', PidMode: 'process space' })) {
      const side = await harness.docker.createContainer({
        name: unique('side'),
        Image: harness.image,
        Labels: labels,
        HostConfig: { [mode]: `container:${third?.id}` },
      });
      expect(await refusal(2)).toContain(`lives in the ${space} of ${group}.3`);
      await side.remove();
    }
    await harness.docker.getContainer(`${group}.3`).pause();
    await inventory.until((seen) => seen.instance(`${group}.3`).state === 'paused');
    expect(await refusal(2)).toContain('is paused');
    await harness.docker.getContainer(`${group}.3`).unpause();
    await harness.docker.getContainer(`${group}.3`).stop({ t: 0 });
    await inventory.until((seen) => seen.instance(`${group}.3`).state === 'stopped');
    expect(await refusal(2)).toContain('somebody stopped it');
    expect(await states()).toEqual(['1 running', '2 running', '3 exited']);
  });

  it('removes none beyond the number that was wanted when one was removed by hand after the plan was made', async () => {
    for (const number of [1, 2, 3]) await run(number);
    const orchestrator = await harness.start();
    const inventory = await harness.follow(orchestrator);
    const intent = await harness.prepare(orchestrator, to(2), 'k');
    await harness.docker.getContainer(`${group}.1`).remove({ force: true });
    await inventory.until((seen) => seen.events.some(({ type }) => type === 'removed'));
    expect(await orchestrator.execute(intent, harness.grant('k'), harness.call())).toMatchObject({
      result: 'superseded',
    });
    expect(await states()).toEqual(['2 running', '3 running']);
  });
});
