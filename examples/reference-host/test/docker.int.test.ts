import { resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { praetorian } from './command.ts';
import type { ContainerFleet } from './docker/container-fleet.ts';
import { testEngine } from './docker/engine.ts';
import type { EngineEvent, EngineLog } from './docker/engine-log.ts';
import { GuardedFleet } from './docker/guarded-fleet.ts';
import type { IncidentLine, RunningHost } from './host.ts';

const engine = testEngine();
const agentIds = ['workers.1', 'workers.2', 'workers.3', 'planners.1', 'planners.2'] as const;

describe('the config of the reference host on Docker', () => {
  it('is valid', async () => {
    const config = resolve(import.meta.dirname, '../docker.yaml');
    expect(await praetorian(['check', '--config', config])).toMatchObject({ code: 0 });
  });
});

describe.runIf(engine)('the reference host on Docker heals', () => {
  let guarded: GuardedFleet;
  let host: RunningHost;
  let fleet: ContainerFleet;
  let log: EngineLog;

  beforeAll(async () => {
    if (!engine) return;
    guarded = new GuardedFleet(engine, {
      agents: Object.fromEntries(agentIds.map((agentId) => [agentId, {}])),
      docker: { keepOld: '20s' },
      sections: {
        errors: { logs: { every: '1s' } },
        gate: { settle: '1s', backoff: { base: '200ms', cap: '1s' }, budgets: { group: { least: 100 } } },
      },
    });
    await guarded.open();
    ({ host, log, containers: fleet } = guarded);
  });
  afterAll(() => guarded.close());

  const newest = async (agentId: string): Promise<IncidentLine | undefined> =>
    (await host.incidents()).find((one) => one.agentId === agentId);

  /** The agent's newest incident, resolved, with the whole fleet well again and one container an agent. */
  async function healed(agentId: string, rung: string): Promise<IncidentLine> {
    await host.until(`${agentId} is healed`, async () => (await newest(agentId))?.state === 'resolved', 90_000);
    await guarded.healthy();
    const incident = (await newest(agentId)) as IncidentLine;
    expect(incident).toMatchObject({ outcome: 'healed', attempts: [{ plan: { rung }, verdict: 'healed' }] });
    const kept = rung === 'restart' ? [] : ['kept exited'];
    expect(await fleet.standing(agentId)).toEqual([...kept, 'running']);
    return incident;
  }

  const codesOf = async ({ id }: IncidentLine): Promise<readonly string[]> =>
    (await host.timeline(id)).map(({ reason }) => reason.code);

  it('a killed container without a restart policy: restart of the same container', async () => {
    const before = await fleet.inspect('workers.1');
    await fleet.signal('workers.1', 'SIGKILL');
    const incident = await healed('workers.1', 'restart');
    expect(incident.assessment?.severity).toBe(2);
    expect((await fleet.inspect('workers.1')).Id).toBe(before.Id);
  });

  it('a hung container: no answer and the verdict unhealthy, killed at once', async () => {
    const before = log.events.length;
    await fleet.signal('workers.2', 'SIGSTOP');
    const incident = await healed('workers.2', 'restart');
    expect(incident).toMatchObject({ attempts: [{ plan: { shortGrace: { code: 'hung' } } }] });
    const signals = log.from(before, 'workers.2').filter(({ action }) => action === 'kill');
    expect(signals.at(-1)?.signal).toBe('9');
    // Of its grace of a second nothing was given to a process that could not use it.
    const died = log.from(before, 'workers.2').find(({ action }) => action === 'die') as EngineEvent;
    expect(died.exitCode).toBe('137');
  });

  it('a container that is unhealthy and answers: one kind of evidence, a restart only after silentFor', async () => {
    await fleet.exec('workers.3', ['/usr/bin/touch', '/dev/shm/sick']);
    await host.until('it waits for a second kind of evidence', async () => {
      const incident = await newest('workers.3');
      return incident !== undefined && (await codesOf(incident)).includes('single-evidence');
    });
    expect(log.from(0, 'workers.3').some(({ action }) => action === 'die')).toBe(false);
    await healed('workers.3', 'restart');
  });

  it('a container whose every request fails: recreate, and the old one is kept', async () => {
    const before = await fleet.inspect('planners.1');
    await fleet.break('planners.1', { kind: 'errors' });
    await healed('planners.1', 'recreate');
    expect((await fleet.inspect('planners.1')).Id).not.toBe(before.Id);
  });

  it('a container that somebody stopped: left alone, and explained', async () => {
    const name = fleet.nameOf('planners.2');
    await fleet.engine.ask('POST', `/containers/${name}/stop?t=2`);
    await host.until('it is explained', async () => {
      const answer = await host.ask('GET', '/api/v1/agents/planners.2/explain');
      return JSON.stringify(answer.body).includes('stopped-by-operator');
    });
    const starts = log.from(0, 'planners.2').filter(({ action }) => action === 'start');
    expect(starts).toHaveLength(1);
    await fleet.engine.ask('POST', `/containers/${name}/start`);
    await guarded.healthy();
  });

  it.each([
    ['workers.1', 'rename'],
    ['workers.2', 'create'],
    ['workers.3', 'die'],
    ['planners.2', 'start'],
  ])('%s with a guard that is killed in the middle of a recreate, at the %s: once', async (agentId, cut) => {
    const before = log.events.length;
    const reached = new Promise<void>((seen) => {
      log.hear((event) => {
        if (event.action === cut && event.agentId === agentId) seen();
      });
    });
    await fleet.break(agentId, { kind: 'errors' });
    await reached;
    await host.kill();
    await host.start();
    await healed(agentId, 'recreate');
    expect(log.from(before, agentId).filter(({ action }) => action === 'create')).toHaveLength(1);
  });

  it('lets go of what it kept when its time is over, also of what a guard that was killed had kept', async () => {
    await host.until('none is left', async () => {
      const standing = await Promise.all(agentIds.map((agentId) => fleet.standing(agentId)));
      return standing.every((one) => one.join() === 'running');
    });
  });
});
