import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { importBusybox, testEngine } from './engine-kit.ts';
import { Harness } from './harness.ts';
import { OwnEngine } from './own-engine.ts';

const docker = await testEngine();

/** For the tests of a block: an engine of their own, and what they make on it. */
function playground(options: { readonly liveRestore?: boolean } = {}): {
  readonly engine: OwnEngine;
  harness: Harness;
} {
  const ground = { engine: new OwnEngine(options), harness: undefined as unknown as Harness };
  beforeAll(async () => {
    if (!docker) return;
    const { engine } = ground;
    await engine.start();
    ground.harness = new Harness(engine.docker, await importBusybox(engine.docker), engine.url);
  });
  afterAll(async () => {
    if (!docker) return;
    await ground.harness.dispose();
    await ground.engine.remove();
  });
  return ground;
}

describe.runIf(docker)('an engine that its containers outlive', () => {
  const ground = playground({ liveRestore: true });

  it('may forget to check their health when it is back: whoever falls ill after that is told all the same', async () => {
    const { engine, harness } = ground;
    const second = 1_000_000_000;
    const web = await harness.run('web', {
      HostConfig: { NetworkMode: 'none' },
      Healthcheck: { Test: ['CMD-SHELL', 'test ! -e /sick'], Interval: second, Timeout: second, Retries: 2 },
    });
    const orchestrator = await harness.start();
    const before = await harness.follow(orchestrator);
    await before.until((seen) => seen.lifecycle(web.name).includes('healthy'));
    await engine.stop();
    expect(await before.ended).toBeInstanceOf(Error);
    const late = harness.follow(orchestrator);
    await engine.start();
    const after = await late;
    expect(after.instance(web.name).state).toBe('running');
    const call = harness.call();
    await orchestrator.exec(after.instance(web.name), ['touch', '/sick'], call);
    await after.until((seen) => seen.lifecycle(web.name).at(-1) === 'unhealthy');
    await orchestrator.exec(after.instance(web.name), ['rm', '/sick'], call);
    await after.until((seen) => seen.lifecycle(web.name).at(-1) === 'healthy');
    expect(after.lifecycle(web.name)).not.toContain('died');
  });
});

describe.runIf(docker)('an engine that goes away and comes back', () => {
  const ground = playground();
  const { engine } = ground;
  let harness: Harness;
  beforeEach(() => void ({ harness } = ground));

  it('breaks the inventory off, and what does not come back with it has died; what a person stopped has not', async () => {
    const plain = await harness.run('plain');
    const always = await harness.run('always', { HostConfig: { RestartPolicy: { Name: 'always' } } });
    const stopped = await harness.run('stopped');
    const orchestrator = await harness.start();
    const before = await harness.follow(orchestrator);
    await harness.docker.getContainer(stopped.id).stop({ t: 1 });
    const stoppedAt = Date.now();
    await before.until((seen) => seen.lifecycle(stopped.name).includes('stopped'));
    // As long ago as an engine takes at least to see that nothing runs any more.
    await before.until(() => Date.now() - stoppedAt > 3_500);
    await engine.stop();
    expect(await before.ended).toBeInstanceOf(Error);
    const late = harness.follow(orchestrator);
    await engine.start();
    const after = await late;
    expect(after.lifecycle(plain.name)).toEqual(['died']);
    expect(after.events.find((event) => event.type === 'lifecycle' && event.agentId === plain.name)).toMatchObject({
      detail: 'the Docker engine stopped',
    });
    expect(after.lifecycle(stopped.name)).toEqual(['stopped']);
    await after.until((seen) => seen.instance(always.name).state === 'running');
    expect(after.lifecycle(always.name)).not.toContain('died');
  });

  it('has stopped all of them, also when one of them takes long to end', async () => {
    const quick = await harness.run('quick');
    const Cmd = ['sh', '-c', 'trap "" TERM; sleep 1000'];
    const slow = await harness.run('slow', { Cmd, StopTimeout: 5, HostConfig: { Init: false } });
    const orchestrator = await harness.start();
    const before = await harness.follow(orchestrator);
    await engine.stop();
    expect(await before.ended).toBeInstanceOf(Error);
    const late = harness.follow(orchestrator);
    await engine.start();
    const after = await late;
    expect(after.lifecycle(quick.name)).toEqual(['died']);
    expect(after.lifecycle(slow.name)).toEqual(['died']);
  });

  it('is waited for from the start, and followed when it comes', async () => {
    await engine.stop();
    const orchestrator = await harness.start();
    const late = harness.follow(orchestrator);
    await engine.start();
    expect((await late).events.at(-1)).toEqual({ type: 'synced' });
  });
});
