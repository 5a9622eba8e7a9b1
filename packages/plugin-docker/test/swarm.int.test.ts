import type Docker from 'dockerode';
import { afterAll, beforeAll, describe, it } from 'vitest';
import { testOrchestrator } from '@praetorian-guard/core/testing';
import { SwarmOrchestrator } from '../src/services/swarm-orchestrator.ts';
import { importBusybox } from './engine-kit.ts';
import { cleanUpSwarm, SwarmKit, testSwarm } from './swarm-kit.ts';

const swarm = await testSwarm();

describe.runIf(swarm)('the orchestrator of a swarm', () => {
  const docker = swarm as Docker;
  let image: string;

  beforeAll(async () => {
    image = await importBusybox(docker);
  });
  afterAll(async () => cleanUpSwarm(docker));

  testOrchestrator(
    { describe, it },
    {
      make: async (rig) => {
        const kit = new SwarmKit(docker, image, rig);
        const name = await kit.service({ replicas: 2 });
        return {
          orchestrator: new SwarmOrchestrator(kit.context()),
          agentId: `${name}.1`,
          scalable: name,
          command: ['true'],
          clock: kit.clock,
          crash: async () => {
            await kit.takeNoTasks(true);
            const task = (await kit.running(name)).find(({ Slot }) => Slot === 1);
            await docker.getContainer(task?.Status.ContainerStatus?.ContainerID ?? '').kill();
          },
          dispose: async () => {
            await kit.takeNoTasks(false);
            await kit.dispose();
          },
        };
      },
    },
  );
});
