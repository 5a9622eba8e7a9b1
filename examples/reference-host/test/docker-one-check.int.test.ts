import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createTestHost, type TestHost } from './config.ts';
import { ContainerFleet } from './docker/container-fleet.ts';
import { testEngine } from './docker/engine.ts';
import { EngineLog } from './docker/engine-log.ts';
import { RunningHost } from './host.ts';

const engine = testEngine();

describe.runIf(engine)(
  'a container that offers one check is restarted when that has failed twice as long as counts',
  () => {
    let folder: TestHost;
    let host: RunningHost;
    let fleet: ContainerFleet;
    let log: EngineLog;

    beforeAll(async () => {
      if (!engine) return;
      fleet = new ContainerFleet(engine);
      log = new EngineLog(engine, fleet.label);
      await fleet.open();
      log.start();
      await fleet.start('checked', { asked: false });
      await fleet.start('asked', { healthEveryMs: 0 });
      await fleet.start('both');
      const config = { engine: engine.url, select: [fleet.label] };
      folder = await createTestHost({
        sections: {
          plugins: { docker: { use: '@praetorian-guard/plugin-docker', config } },
          // One kind of evidence beside others would not suffice for as long as this test lasts.
          heartbeat: { every: '500ms', timeout: '2s', silentFor: '10m' },
          gate: { settle: '1s', backoff: { base: '200ms', cap: '1s' } },
        },
      });
      host = new RunningHost(folder);
      await host.start();
      await host.healthy(3);
    });

    afterAll(async () => {
      await host.stop();
      await log.stop();
      await fleet.remove();
      folder.remove();
    });

    const starts = (agentId: string): number => log.from(0, agentId).filter(({ action }) => action === 'start').length;

    async function healed(agentId: string): Promise<void> {
      await host.until(`${agentId} is healed`, async () => {
        const incident = (await host.incidents()).find((one) => one.agentId === agentId);
        return incident?.state === 'resolved' && incident.outcome === 'healed';
      });
      expect(starts(agentId)).toBe(2);
      await host.healthy(3);
    }

    const sicken = (agentId: string): Promise<void> => fleet.exec(agentId, ['/usr/bin/touch', '/dev/shm/sick']);

    it('one with a HEALTHCHECK and no port that the guard could ask at', async () => {
      await sicken('checked');
      await healed('checked');
    });

    it('one with a port and no HEALTHCHECK', async () => {
      await fleet.signal('asked', 'SIGSTOP');
      await healed('asked');
    });

    it('one with both is left alone while it answers', async () => {
      const since = Date.now();
      await sicken('both');
      await sicken('checked');
      await host.until('the one that offers nothing else is restarted', async () => starts('checked') === 3);
      const events = log.from(0, 'both').filter(({ at }) => at >= since);
      expect(events.map(({ action }) => action)).toContain('health_status: unhealthy');
      expect(starts('both')).toBe(1);
    });
  },
);
