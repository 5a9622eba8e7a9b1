import type { Action, Instance } from '@praetorian-guard/core/plugin';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type Cut, CutEngine } from './cut.ts';
import { cleanUp, importBusybox, testEngine, unique } from './engine-kit.ts';
import { Harness } from './harness.ts';

const docker = await testEngine();

/** More changes than any action makes. */
const changesMax = 12;

describe.runIf(docker)('a guard that dies between any two changes of an action', { timeout: 300_000 }, () => {
  let image = '';
  let harness: Harness;

  beforeAll(async () => {
    if (docker) image = await importBusybox(docker);
  });
  afterAll(async () => {
    if (docker) await cleanUp(docker);
  });
  beforeEach(() => {
    if (docker) harness = new Harness(docker, image);
  });
  afterEach(() => harness.dispose());

  interface Told {
    /** The action came to its end before the cut. */
    readonly whole: boolean;
    readonly result: string;
    /** Containers of the agent, those that are kept marked. */
    readonly containers: readonly string[];
  }

  /** The action, cut; then another guard, which reconciles and goes on as the engine of a real one does. */
  async function cutAndResumed(cut: Cut, actionOn: (name: string, instance: Instance) => Action): Promise<Told> {
    const web = await harness.run('web', { HostConfig: { RestartPolicy: { Name: 'unless-stopped' } } });
    const cutting = new CutEngine(cut);
    const first = harness.create({}, undefined, (engine) => cutting.wrap(engine));
    await first.start();
    const instance = (await harness.follow(first)).instance(web.name);
    const key = unique('key');
    const intent = await harness.prepare(first, actionOn(web.name, instance), key);
    cutting.arm();
    const receipt = await first.execute(intent, harness.grant(key), harness.call());
    const whole = !cutting.isDead;
    await first.stop();
    const second = await harness.start();
    await harness.follow(second);
    let proven = whole ? receipt : await second.reconcile(intent);
    if (proven.result === 'failed') proven = await second.execute(intent, harness.grant(key), harness.call());
    await second.stop();
    const all = (await harness.containers()).filter(({ Names }) => Names[0]?.includes(web.name));
    const containers = all.map(
      ({ Names, State }) =>
        `${Names[0]?.startsWith('/praetorian-kept.') ? 'kept' : Names[0]?.replace(web.name, 'web')} ${State}`,
    );
    for (const { Id } of all) await harness.docker.getContainer(Id).remove({ force: true });
    return { whole, result: proven.result, containers };
  }

  async function cutEverywhere(actionOn: (name: string, instance: Instance) => Action): Promise<readonly Told[]> {
    const told: Told[] = [];
    for (let at = 1; at <= changesMax; at += 1) {
      for (const when of ['before', 'after'] as const) told.push(await cutAndResumed({ at, when }, actionOn));
      if (told.at(-1)?.whole === true) return told;
    }
    throw new Error('the action has no end');
  }

  const recreate = (agentId: string, instance: Instance): Action => ({
    kind: 'recreate',
    agentId,
    instanceId: instance.id,
    graceMs: 1_000,
  });

  it('recreates once all the same, and keeps what it replaced', async () => {
    const told = await cutEverywhere(recreate);
    expect(told.length).toBeGreaterThan(8);
    for (const one of told) {
      expect(one).toEqual({ ...one, result: 'succeeded', containers: ['/web running', 'kept exited'] });
    }
  });

  it('respawns once beside the old one all the same', async () => {
    const told = await cutEverywhere((agentId, instance) => ({
      kind: 'respawn',
      mode: 'beside',
      agentId,
      instanceId: instance.id,
      graceMs: 1_000,
      generation: 2,
    }));
    for (const one of told) {
      expect(one).toEqual({ ...one, result: 'succeeded', containers: ['/web running', '/web.praetorian-2 running'] });
    }
  });

  it('restarts once all the same', async () => {
    const told = await cutEverywhere((agentId, instance) => ({
      kind: 'restart',
      agentId,
      instanceId: instance.id,
      graceMs: 1_000,
    }));
    for (const one of told) expect(one).toEqual({ ...one, result: 'succeeded', containers: ['/web running'] });
  });
});
