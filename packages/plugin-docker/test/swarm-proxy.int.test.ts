import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type Docker from 'dockerode';
import { afterAll, describe, expect, test } from 'vitest';
import { importBusybox } from './engine-kit.ts';
import { documentedCalls, FilteringProxy } from './filtering-proxy.ts';
import { cleanUpSwarm, SwarmKit, testSwarm, until } from './swarm-kit.ts';

const swarm = await testSwarm();
const { DOCKER_HOST: host = 'unix:///var/run/docker.sock' } = process.env;

describe.runIf(swarm && host.startsWith('unix://'))(
  'behind a proxy that lets only the documented calls through',
  () => {
    const docker = swarm as Docker;
    const folder = mkdtempSync(join(tmpdir(), 'praetorian-proxy-'));

    afterAll(async () => {
      await cleanUpSwarm(docker);
      rmSync(folder, { recursive: true });
    });

    test('a swarm is watched and healed, and each of the calls is needed', async () => {
      const kit = new SwarmKit(docker, await importBusybox(docker));
      const allowed = documentedCalls('services');
      const proxy = new FilteringProxy(host.slice('unix://'.length), allowed);
      try {
        const socket = join(folder, 'proxy.sock');
        await proxy.listen(socket);
        const name = await kit.service({ policy: { Delay: 0 } });
        const agentId = `${name}.1`;
        const { orchestrator, inventory } = await kit.start({ engine: `unix://${socket}` });
        const instance = inventory.instance(agentId);
        expect(await orchestrator.exec(instance, ['true'], kit.call())).toMatchObject({ exitCode: 0 });
        const { next } = await orchestrator.logs(instance, agentId, undefined, kit.call());
        await orchestrator.logs(instance, agentId, next, kit.call());
        await orchestrator.evidence(instance, agentId);
        const again = await kit.act(orchestrator, { kind: 'recreate', ...kit.on(inventory, agentId) }, 'k1');
        expect(again).toMatchObject({ result: 'succeeded' });
        const scaled = await kit.act(orchestrator, { kind: 'scale', group: name, replicas: 2 }, 'k2');
        expect(scaled).toMatchObject({ result: 'succeeded' });
        await kit.kill(name);
        await until(() => inventory.lifecycle('restarted').length > 0);
        expect(proxy.refused).toEqual([]);
        const unused = allowed.filter((one) => !proxy.used.has(one));
        expect(unused.map(({ source }) => source)).toEqual([]);
      } finally {
        await kit.dispose();
        proxy.close();
      }
    });
  },
);
