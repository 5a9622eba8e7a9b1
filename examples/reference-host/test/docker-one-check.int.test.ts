import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { testEngine } from './docker/engine.ts';
import { GuardedFleet } from './docker/guarded-fleet.ts';

const engine = testEngine();

describe.runIf(engine)(
  'a container that offers one check is restarted when that has failed twice as long as counts',
  () => {
    let fleet: GuardedFleet;

    beforeAll(async () => {
      if (!engine) return;
      fleet = new GuardedFleet(engine, {
        agents: { checked: { asked: false }, asked: { healthEveryMs: 0 }, both: {} },
        sections: {
          // One kind of evidence beside others would not suffice for as long as this test lasts.
          heartbeat: { every: '500ms', timeout: '2s', silentFor: '10m' },
          gate: { settle: '1s', backoff: { base: '200ms', cap: '1s' } },
        },
      });
      await fleet.open();
    });
    afterAll(() => fleet.close());

    const starts = (agentId: string): number =>
      fleet.log.from(0, agentId).filter(({ action }) => action === 'start').length;

    async function healed(agentId: string): Promise<void> {
      await fleet.host.until(`${agentId} is healed`, async () => {
        const incident = (await fleet.host.incidents()).find((one) => one.agentId === agentId);
        return incident?.state === 'resolved' && incident.outcome === 'healed';
      });
      expect(starts(agentId)).toBe(2);
      await fleet.healthy();
    }

    const sicken = (agentId: string): Promise<void> =>
      fleet.containers.exec(agentId, ['/usr/bin/touch', '/dev/shm/sick']);

    it('one with a HEALTHCHECK and no port that the guard could ask at', async () => {
      await sicken('checked');
      await healed('checked');
    });

    it('one with a port and no HEALTHCHECK', async () => {
      await fleet.containers.signal('asked', 'SIGSTOP');
      await healed('asked');
    });

    it('one with both is left alone while it answers', async () => {
      const since = Date.now();
      await sicken('both');
      await sicken('checked');
      await fleet.host.until('the one that offers nothing else is restarted', async () => starts('checked') === 3);
      const events = fleet.log.from(0, 'both').filter(({ at }) => at >= since);
      expect(events.map(({ action }) => action)).toContain('health_status: unhealthy');
      expect(starts('both')).toBe(1);
    });
  },
);
