import { testOrchestrator } from '@praetorian-guard/core/testing';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { cleanUp, importBusybox, testEngine } from './engine-kit.ts';
import { Harness } from './harness.ts';

const docker = await testEngine();

describe.runIf(docker)('docker on a real engine', () => {
  let image = '';
  beforeAll(async () => {
    image = docker ? await importBusybox(docker) : '';
  });
  afterAll(async () => {
    if (docker) await cleanUp(docker);
  });

  testOrchestrator(
    { describe, it },
    {
      make: async (rig) => {
        if (!docker) throw new TypeError('there is no engine');
        const harness = new Harness(docker, image);
        const web = await harness.run('web');
        const group = harness.selector;
        await harness.run('worker', { name: `${group}.1`, Labels: { 'praetorian.group': group } });
        const orchestrator = harness.create({}, rig);
        return {
          orchestrator,
          agentId: web.name,
          scalable: group,
          clock: harness.clock,
          command: ['true'],
          crash: async () => {
            const { State } = await harness.inspect(web.id);
            process.kill(State.Pid, 'SIGKILL');
          },
          dispose: () => harness.dispose(),
        };
      },
    },
  );
});
