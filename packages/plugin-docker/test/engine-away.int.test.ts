import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { importBusybox, testEngine } from './engine-kit.ts';
import { Harness } from './harness.ts';
import { OwnEngine } from './own-engine.ts';

const docker = await testEngine();

describe.runIf(docker)('an engine that goes away and comes back', () => {
  const engine = new OwnEngine();
  let harness: Harness;

  beforeAll(async () => {
    if (!docker) return;
    await engine.start();
    harness = new Harness(engine.docker, await importBusybox(engine.docker), engine.url);
  });
  afterAll(async () => {
    if (!docker) return;
    await harness.dispose();
    await engine.remove();
  });

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
