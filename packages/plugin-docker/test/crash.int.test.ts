import type { Action, Instance } from '@praetorian-guard/core/plugin';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DockerOrchestrator } from '../src/containers/docker-orchestrator.ts';
import { type Cut, CutEngine } from './cut.ts';
import { cleanUp, importBusybox, testEngine, unique } from './engine-kit.ts';
import { Harness, until } from './harness.ts';

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

  /** What is done before the action that is cut, by a guard that lives; gives the instance to act on. */
  type Prologue = (orchestrator: DockerOrchestrator, name: string, instance: Instance) => Promise<Instance>;

  /** The action, cut; then another guard, which reconciles and goes on as the engine of a real one does. */
  async function cutAndResumed(
    cut: Cut,
    actionOn: (name: string, instance: Instance) => Action,
    prologue?: Prologue,
  ): Promise<Told> {
    const web = await harness.run('web', { HostConfig: { RestartPolicy: { Name: 'unless-stopped' } } });
    const cutting = new CutEngine(cut);
    const first = harness.create({}, undefined, (engine) => cutting.wrap(engine));
    await first.start();
    const found = (await harness.follow(first)).instance(web.name);
    const instance = prologue ? await prologue(first, web.name, found) : found;
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

  /** What was begun was begun so long ago that nobody will come back to it. */
  async function longAgo(agentId: string): Promise<void> {
    const key = `agent/${agentId}`;
    const entry = (await harness.store.get(key))?.value as { kept?: { since: number }[] } | undefined;
    if (!entry) return;
    const value = { ...entry, kept: (entry.kept ?? []).map((one) => ({ ...one, since: 0 })) };
    await harness.store.commit('docker', [{ op: 'put', key, value, when: 'any' }], { durability: 'relaxed' });
  }

  /** The action, cut; then another guard, which nobody asks to go on. */
  async function cutAndLeft(
    cut: Cut,
    actionOn: (name: string, instance: Instance) => Action,
  ): Promise<{ readonly whole: boolean; readonly containers: readonly string[]; readonly state: string | undefined }> {
    const web = await harness.run('web', { HostConfig: { RestartPolicy: { Name: 'unless-stopped' } } });
    const cutting = new CutEngine(cut);
    const first = harness.create({}, undefined, (engine) => cutting.wrap(engine));
    await first.start();
    const instance = (await harness.follow(first)).instance(web.name);
    const key = unique('key');
    const intent = await harness.prepare(first, actionOn(web.name, instance), key);
    cutting.arm();
    await first.execute(intent, harness.grant(key), harness.call());
    const whole = !cutting.isDead;
    await first.stop();
    await longAgo(web.name);
    const second = await harness.start();
    const { state } = (await harness.follow(second)).instance(web.name);
    await second.stop();
    const all = (await harness.containers()).filter(({ Names }) => Names[0]?.includes(web.name));
    const containers = all.map(({ Names, State }) => (Names[0] === `/${web.name}` ? `web ${State}` : `kept ${State}`));
    for (const { Id } of all) await harness.docker.getContainer(Id).remove({ force: true });
    return { whole, containers: containers.toSorted().toReversed(), state };
  }

  async function cutEverywhere(
    actionOn: (name: string, instance: Instance) => Action,
    prologue?: Prologue,
  ): Promise<readonly Told[]> {
    const told: Told[] = [];
    for (let at = 1; at <= changesMax; at += 1) {
      for (const when of ['before', 'after'] as const) told.push(await cutAndResumed({ at, when }, actionOn, prologue));
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

  it('leaves the agent running under its name also when nobody goes on with the recreate for a while', async () => {
    for (let at = 1, whole = false; !whole; at += 1) {
      for (const when of ['before', 'after'] as const) {
        const left = await cutAndLeft({ at, when }, recreate);
        const [web, ...kept] = left.containers;
        expect({ at, when, web, state: left.state }).toEqual({ at, when, web: 'web running', state: 'running' });
        expect(kept.length === 0 || (kept.length === 1 && kept[0] === 'kept exited')).toBe(true);
        ({ whole } = left);
      }
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

  const retire = (agentId: string, instance: Instance): Action => ({
    kind: 'retire',
    agentId,
    instanceId: instance.id,
    graceMs: 1_000,
  });

  it('retires the old one beside a new one, which bears the name in the end', async () => {
    const told = await cutEverywhere(retire, async (orchestrator, agentId, instance) => {
      await harness.act(orchestrator, {
        kind: 'respawn',
        mode: 'beside',
        agentId,
        instanceId: instance.id,
        graceMs: 1_000,
        generation: 2,
      });
      return instance;
    });
    for (const one of told) expect(one).toEqual({ ...one, result: 'succeeded', containers: ['/web running'] });
  });

  it('retires a replacement, and the one that it replaced is back in the end', async () => {
    const told = await cutEverywhere(retire, async (orchestrator, agentId, instance) => {
      const made = await harness.act(orchestrator, recreate(agentId, instance));
      return (made.result === 'succeeded' && made.instance) || instance;
    });
    for (const one of told) expect(one).toEqual({ ...one, result: 'succeeded', containers: ['/web running'] });
  });

  it('lets the replaced container go in time also when it died before it had written down that the new one runs', async () => {
    const web = await harness.run('web');
    // After the start, the last change of a recreate.
    const cutting = new CutEngine({ at: 4, when: 'after' });
    const first = harness.create({}, undefined, (engine) => cutting.wrap(engine));
    await first.start();
    const instance = (await harness.follow(first)).instance(web.name);
    const key = unique('key');
    const intent = await harness.prepare(first, recreate(web.name, instance), key);
    cutting.arm();
    await first.execute(intent, harness.grant(key), harness.call());
    expect(cutting.isDead).toBe(true);
    await first.stop();
    const second = await harness.start({ keepOld: 500 });
    await harness.follow(second);
    expect(await second.reconcile(intent)).toMatchObject({ result: 'succeeded' });
    await until(async () => (await harness.containers()).length === 1);
    expect((await harness.inspect(web.name)).State.Running).toBe(true);
  });
});
