import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { importBusybox } from './engine-kit.ts';
import { cleanUpSwarm, SwarmKit, testSwarm, until } from './swarm-kit.ts';

const swarm = await testSwarm();

describe.runIf(swarm)('a respawn that Swarm took for sound, and that is taken back', () => {
  const docker = swarm as Docker;
  let kit: SwarmKit;

  beforeAll(async () => {
    const image = await importBusybox(docker);
    kit = new SwarmKit(docker, image);
  });
  afterAll(async () => {
    await kit.dispose();
    await cleanUpSwarm(docker);
  });

  test('leaves the service as it was; what nobody changed, or somebody else, is not taken back', async () => {
    const name = await kit.service();
    const { orchestrator, inventory } = await kit.start();
    const before = await kit.facts(name);
    const on = () => kit.on(inventory, `${name}.1`);
    const respawn = async (key: string, override: object) => {
      await kit.act(orchestrator, { kind: 'respawn', mode: 'in-place', generation: 2, ...on(), override }, key);
      await until(() => inventory.instance(`${name}.1`).state === 'running');
    };
    const refused = async () => orchestrator.prepare({ kind: 'retire', ...on() }, 'no');
    expect(await refused()).toMatchObject({ act: false, reason: { text: expect.stringContaining("not the guard's") } });
    await respawn('k1', { env: { COLOUR: 'blue' } });
    expect(await kit.act(orchestrator, { kind: 'retire', ...on() }, 'k2')).toMatchObject({ result: 'succeeded' });
    expect((await kit.facts(name)).Spec).toEqual(before.Spec);
    await until(async () => (await kit.running(name)).length === 1);
    await respawn('k3', {});
    expect(await refused()).toMatchObject({
      act: false,
      reason: { text: expect.stringContaining('nothing to go back') },
    });
    await kit.change(name, (spec) => ({ ...spec, Labels: { ...spec.Labels, team: 'blue' } }));
    await until(async () => !(await refused()).act);
    expect(await refused()).toMatchObject({ act: false, reason: { text: expect.stringContaining("not the guard's") } });
  });
});
