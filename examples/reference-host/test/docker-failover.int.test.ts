import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Inspected } from './docker/container-fleet.ts';
import { testEngine } from './docker/engine.ts';
import { GuardedFleet } from './docker/guarded-fleet.ts';
import type { IncidentLine } from './host.ts';

const engine = testEngine();

interface Led {
  readonly leadership?: {
    readonly role: string;
    readonly epoch: number;
    readonly primary?: string;
    readonly lagMs?: number;
  };
}

describe.runIf(engine)('a replica takes the place of a primary in a container', () => {
  let fleet: GuardedFleet;

  beforeAll(async () => {
    if (!engine) return;
    const of = (role: string, lagMs = 0): object => ({
      env: { ROLE: role, LAG_MS: `${lagMs}` },
      labels: { 'praetorian.role': role },
    });
    fleet = new GuardedFleet(engine, {
      agents: { 'db.1': of('primary'), 'db.2': of('replica', 3_000), 'db.3': of('replica', 200) },
      beats: { group: 'db' },
      sections: {
        heartbeat: { every: '500ms', timeout: '2s' },
        watch: { every: '1s', for: '3s' },
        gate: { settle: '1s', backoff: { base: '200ms', cap: '1s' } },
        failover: { when: 'at-once', maxLag: '2s', rest: '1s' },
      },
    });
    await fleet.open();
  });
  afterAll(() => fleet.close());

  const led = async (agentId: string): Promise<Led['leadership']> =>
    ((await fleet.host.agent(agentId)) as unknown as Led).leadership;

  /** Addresses by which a container can be reached. */
  const addresses = ({ NetworkSettings }: Inspected): readonly string[] =>
    Object.values(NetworkSettings.Networks).map(({ IPAddress }) => IPAddress);

  /** What the container itself says to a job: only a primary takes it. */
  async function work(agentId: string): Promise<number> {
    const [address] = addresses(await fleet.containers.inspect(agentId));
    const answer = await fetch(`http://${address}:4000/work`, { method: 'POST', signal: AbortSignal.timeout(5_000) });
    return answer.status;
  }

  async function resolved(agentId: string): Promise<IncidentLine> {
    let found: IncidentLine | undefined;
    await fleet.host.until(`${agentId} is a replica`, async () => {
      found = (await fleet.host.incidents()).find((one) => one.agentId === agentId);
      return found?.state === 'resolved';
    });
    return found as IncidentLine;
  }

  it('knows who leads from labels and heartbeats', async () => {
    await fleet.host.until('db.1 leads', async () => (await led('db.2'))?.primary === 'db.1');
    await fleet.host.until('it knows that it leads', async () => (await work('db.1')) === 200);
    expect(await work('db.2')).toBe(503);
  });

  it('isolates one that hangs, promotes the nearest replica, and has it back as a replica', async () => {
    const before = await fleet.containers.inspect('db.1');
    await fleet.containers.signal('db.1', 'SIGSTOP');
    await fleet.host.until('db.3 leads', async () => (await led('db.3'))?.role === 'primary');
    const incident = await resolved('db.1');
    await fleet.healthy();

    const [failover] = incident.attempts as unknown as readonly { steps: readonly { id: string; state: string }[] }[];
    expect(failover?.steps.map(({ id, state }) => `${id} ${state}`)).toEqual([
      '1-route-out finished',
      '2-evidence finished',
      '3-isolate finished',
      '4-promote finished',
    ]);
    expect((await fleet.containers.inspect('db.1')).Id).not.toBe(before.Id);
    expect([await work('db.1'), await work('db.2'), await work('db.3')]).toEqual([503, 503, 200]);
    expect(await led('db.1')).toMatchObject({ role: 'replica', epoch: 1, primary: 'db.3' });
    const codes = (await fleet.host.timeline(incident.id)).map(({ reason }) => reason.code);
    expect(codes).toEqual(expect.arrayContaining(['failing-over', 'failed-over']));
    const routes = (await fleet.host.routes('db')) as readonly { agentId: string; role?: string }[];
    expect(routes.filter(({ role }) => role === 'primary').map(({ agentId }) => agentId)).toEqual(['db.3']);
  });

  it('tells one that a person starts as it was set up, before it takes a job as the primary', async () => {
    await fleet.containers.engine.ask('POST', `/containers/${fleet.containers.nameOf('db.1')}/restart?t=1`);
    const answers: number[] = [];
    await fleet.host.until('it says that it is a replica', async () => {
      answers.push(await work('db.1'));
      return (await led('db.1'))?.lagMs !== undefined;
    });
    expect(new Set(answers)).toEqual(new Set([503]));
    expect(await work('db.3')).toBe(200);
  });

  it('fails over again when that one is killed, with the guard killed in the middle of it', async () => {
    await fleet.healthy();
    await fleet.host.until('the one that came back says how far behind it is', async () => {
      return (await led('db.1'))?.lagMs !== undefined;
    });
    await fleet.containers.signal('db.3', 'SIGKILL');
    await fleet.host.until('it began', async () => (await fleet.host.incidents())[0]?.agentId === 'db.3');
    await fleet.host.kill();
    await fleet.host.start();
    await fleet.host.until('another leads', async () => (await led('db.1'))?.role === 'primary');
    await resolved('db.3');
    expect([await work('db.1'), await work('db.3')]).toEqual([200, 503]);
    expect(await led('db.1')).toMatchObject({ epoch: 2 });
  });
});
