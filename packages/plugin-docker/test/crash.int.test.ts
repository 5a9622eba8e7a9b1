import type { Action, Instance, Intent, Receipt } from '@praetorian-guard/core/plugin';
import { describe, expect, it } from 'vitest';
import type { DockerOrchestrator } from '../src/containers/docker-orchestrator.ts';
import { type Cut, CutEngine } from './cut.ts';
import { eachHarness } from './each-harness.ts';
import { labels, testEngine, unique } from './engine-kit.ts';
import { type Harness, until } from './harness.ts';

const docker = await testEngine();

/** More changes than any action makes. */
const changesMax = 12;

describe.runIf(docker)('a guard that dies between any two changes of an action', { timeout: 300_000 }, () => {
  let harness: Harness;

  eachHarness(docker, (one) => void (harness = one));

  interface Told {
    /** The action came to its end before the cut. */
    readonly whole: boolean;
    readonly result: string;
    /** Containers of the agent, those that are kept marked, and in how many networks they are if not in one. */
    readonly containers: readonly string[];
  }

  /** What is done before the action that is cut, by a guard that lives; gives the instance to act on. */
  type Prologue = (orchestrator: DockerOrchestrator, name: string, instance: Instance) => Promise<Instance>;

  interface CutOff {
    readonly name: string;
    readonly key: string;
    readonly intent: Intent;
    readonly receipt: Receipt;
    readonly whole: boolean;
  }

  /** A guard that dies in the middle of an action, unless the cut lies behind its end. */
  async function cutOff(
    cut: Cut,
    actionOn: (name: string, instance: Instance) => Action,
    prologue?: Prologue,
  ): Promise<CutOff> {
    const { name } = await harness.run('web', { HostConfig: { RestartPolicy: { Name: 'unless-stopped' } } });
    const cutting = new CutEngine(cut);
    const first = harness.create({}, undefined, (engine) => cutting.wrap(engine));
    await first.start();
    const found = (await harness.follow(first)).instance(name);
    const instance = prologue ? await prologue(first, name, found) : found;
    const key = unique('key');
    const intent = await harness.prepare(first, actionOn(name, instance), key);
    cutting.arm();
    const receipt = await first.execute(intent, harness.grant(key), harness.call());
    await first.stop();
    return { name, key, intent, receipt, whole: !cutting.isDead };
  }

  /** Containers of the agent, in the order of their making, the newest first; they are removed. */
  async function takeStock(name: string): Promise<readonly string[]> {
    const all = (await harness.containers()).filter(({ Names }) => Names[0]?.includes(name));
    for (const { Id } of all) await harness.docker.getContainer(Id).remove({ force: true });
    return all.map(({ Names, State, NetworkSettings }) => {
      const what = Names[0]?.startsWith('/praetorian-kept.') ? 'kept' : Names[0]?.replace(name, 'web');
      const networks = Object.keys(NetworkSettings.Networks).length;
      return `${what} ${State}${networks === 1 ? '' : ` in ${networks} networks`}`;
    });
  }

  /** The action, cut; then another guard, which reconciles and goes on as the engine of a real one does. */
  async function cutAndResumed(
    cut: Cut,
    actionOn: (name: string, instance: Instance) => Action,
    prologue?: Prologue,
  ): Promise<Told> {
    const { name, key, intent, receipt, whole } = await cutOff(cut, actionOn, prologue);
    const second = await harness.start();
    await harness.follow(second);
    let proven = whole ? receipt : await second.reconcile(intent);
    if (proven.result === 'failed') proven = await second.execute(intent, harness.grant(key), harness.call());
    await second.stop();
    return { whole, result: proven.result, containers: await takeStock(name) };
  }

  /** What was begun was begun so long ago that nobody will come back to it. */
  async function longAgo(agentId: string): Promise<void> {
    const key = `agent/${agentId}`;
    const entry = (await harness.store.get(key))?.value as { kept?: { since: number }[] } | undefined;
    if (!entry) return;
    const value = { ...entry, kept: (entry.kept ?? []).map((one) => ({ ...one, since: 0 })) };
    await harness.store.commit('docker', [{ op: 'put', key, value, when: 'any' }], { durability: 'relaxed' });
  }

  /** The action, cut; then another guard, which nobody asks to go on; gives the state that it tells of the agent. */
  async function cutAndLeft(cut: Cut, actionOn: (name: string, instance: Instance) => Action): Promise<Told> {
    const { name, whole } = await cutOff(cut, actionOn);
    await longAgo(name);
    const second = await harness.start();
    const { state = 'none' } = (await harness.follow(second)).instance(name);
    await second.stop();
    return { whole, result: state, containers: await takeStock(name) };
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
        const [web, ...kept] = left.containers.toSorted();
        expect({ at, when, web, state: left.result }).toEqual({ at, when, web: '/web running', state: 'running' });
        expect(['', 'kept exited']).toContain(kept.join());
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

  it('isolates from all networks, and brings back into all of them', async () => {
    const network = await harness.docker.createNetwork({ Name: unique('net'), Labels: labels });
    const join: Prologue = async (_, name, instance) => {
      await network.connect({ Container: name });
      return instance;
    };
    const on = (kind: 'isolate' | 'reinstate') => (agentId: string, instance: Instance) =>
      ({ kind, agentId, instanceId: instance.id }) as const;
    const out = await cutEverywhere(on('isolate'), join);
    expect(out.length).toBeGreaterThan(4);
    for (const one of out)
      expect(one).toEqual({ ...one, result: 'succeeded', containers: ['/web running in 0 networks'] });
    const back = await cutEverywhere(on('reinstate'), async (orchestrator, name, instance) => {
      await join(orchestrator, name, instance);
      await harness.act(orchestrator, on('isolate')(name, instance));
      return instance;
    });
    expect(back.length).toBeGreaterThan(4);
    for (const one of back)
      expect(one).toEqual({ ...one, result: 'succeeded', containers: ['/web running in 2 networks'] });
  });

  it('scales a group out and in to the number that was wanted', async () => {
    const to =
      (replicas: number) =>
      (group: string): Action => ({ kind: 'scale', group, replicas });
    const three = ['/web running', '/web.1 running', '/web.2 running'];
    const out = await cutEverywhere(to(3));
    expect(out.length).toBeGreaterThan(8);
    for (const one of out) expect(one).toEqual({ ...one, result: 'succeeded', containers: three });
    const back = await cutEverywhere(to(1), async (orchestrator, name, instance) => {
      await harness.act(orchestrator, to(3)(name));
      return instance;
    });
    expect(back.length).toBeGreaterThan(8);
    for (const one of back) expect(one).toEqual({ ...one, result: 'succeeded', containers: ['/web running'] });
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

  it('keeps one replaced container at a time also when it died before it could let go of the one before', async () => {
    const prologue: Prologue = async (orchestrator, name, instance) => {
      const made = await harness.act(orchestrator, recreate(name, instance));
      return (made.result === 'succeeded' && made.instance) || instance;
    };
    // After the start; the change before it is that of the restart policy.
    const { name, intent } = await cutOff({ at: 5, when: 'after' }, recreate, prologue);
    const standing = async (): Promise<number> =>
      (await harness.containers()).filter(({ Names }) => Names[0]?.includes(name)).length;
    expect(await standing()).toBe(3);
    const second = await harness.start({ keepOld: 600_000 });
    await harness.follow(second);
    expect(await second.reconcile(intent)).toMatchObject({ result: 'succeeded' });
    await until(async () => (await standing()) === 2);
    await second.stop();
    expect((await takeStock(name)).toSorted()).toEqual(['/web running', 'kept exited']);
  });
});
