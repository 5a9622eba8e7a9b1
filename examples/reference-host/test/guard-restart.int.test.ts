import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Observer } from '../../../tools/chaos/observer.ts';
import { type FleetProcess, isAlive, World } from '../../../tools/chaos/world.ts';
import { createTestHost, type TestHost, type TestHostOptions } from './config.ts';
import { RunningHost } from './host.ts';

const small: TestHostOptions = { groups: { workers: 2 } };

let folder: TestHost;
let host: RunningHost;
let world: World;

async function begin(options: TestHostOptions, agents: number): Promise<void> {
  folder = await createTestHost(options);
  host = new RunningHost(folder);
  world = new World(join(folder.folder, 'data/processes'));
  await host.start();
  await host.healthy(agents);
}

afterEach(async () => {
  await host.kill();
  world.endAll();
  folder.remove();
});

/** One line per agent: who runs it, by pid and start time, under which key. */
const lines = (processes: readonly FleetProcess[]): readonly string[] =>
  processes.map(({ agentId, pid, startTime, key }) => `${agentId} ${pid} ${startTime} ${key}`).sort();

async function listed(): Promise<readonly string[]> {
  const agents = await host.agents();
  return agents
    .map(({ agent }) => ({ id: agent.id, ref: agent.instance?.ref as { pid: number; startTime: string; key: string } }))
    .map(({ id, ref }) => `${id} ${ref.pid} ${ref.startTime} ${ref.key}`)
    .sort();
}

/** Until the guard has seen the whole fleet again and may act. */
async function settled(): Promise<void> {
  await host.until('the guard is settled', async () => {
    return ((await host.ask('GET', '/api/v1/status')).body as { readonly settled: boolean }).settled;
  });
}

async function incidentOf(
  agentId: string,
  state: string,
): Promise<{ readonly id: string; readonly [key: string]: unknown }> {
  let found: { readonly id: string; readonly [key: string]: unknown } | undefined;
  await host.until(`${agentId} has an incident that is ${state}`, async () => {
    found = (await host.incidents()).find((one) => one.agentId === agentId && one.state === state) as typeof found;
    return found !== undefined;
  });
  return found as { readonly id: string };
}

/** Orders a respawn and ends the guard as soon as the step is begun. */
async function orderAndEnd(agentId: string, step: string, end: () => Promise<void>): Promise<void> {
  const observer = new Observer(folder.url);
  observer.start();
  try {
    const ordered = host.ask('POST', `/api/v1/agents/${agentId}/respawn`, { by: 'ann' }).catch(() => undefined);
    await host.until(`${step} is begun`, async () => observer.steps.some(({ stepId }) => stepId.endsWith(`-${step}`)));
    await end();
    await ordered;
  } finally {
    await observer.stop();
  }
}

// Processes are found by their environment in /proc, which only Linux has.
describe.skipIf(!existsSync('/proc/self/environ'))('agents and the end of their guard', () => {
  it('survive kill -9 and are adopted by pid, start time and key', async () => {
    await begin(small, 2);
    const before = world.look();
    await host.kill();
    expect(before.every(isAlive)).toBe(true);
    await host.start();
    await host.healthy(2);
    expect(lines(world.look())).toEqual(lines(before));
    expect(await listed()).toEqual(lines(before));
    expect(await host.incidents()).toEqual([]);
  });

  it('end with it on SIGTERM when it is to stop them, and are started anew by the next', async () => {
    await begin(small, 2);
    const before = world.look();
    expect(await host.stop()).toBe(0);
    expect(world.look()).toEqual([]);
    await host.start();
    await host.healthy(2);
    expect(world.look().map(({ generation }) => generation)).toEqual(before.map(() => 2));
    expect(await host.incidents()).toEqual([]);
  });

  it('go on after SIGTERM when it is to leave them, and are adopted by the next', async () => {
    await begin({ ...small, processes: { onStop: 'leave' } }, 2);
    const before = world.look();
    expect(await host.stop()).toBe(0);
    expect(lines(world.look())).toEqual(lines(before));
    await host.start();
    await host.healthy(2);
    expect(await listed()).toEqual(lines(before));
    expect(await host.incidents()).toEqual([]);
  });

  it.each(['respawn', 'restore', 'await-ready', 'retire'])(
    'leave one instance, with its state, when it is killed in the %s of a respawn beside',
    async (step) => {
      // Long enough for any restart of the guard: an instance that gets no state is not ready.
      await begin({ ...small, env: { RESTORE_WAIT_MS: '60000' } }, 2);
      await host.until('it has a checkpoint', async () => (await state('workers.1')).status === 200);
      await orderAndEnd('workers.1', step, () => host.kill());
      await host.start();
      await incidentOf('workers.1', 'resolved');
      await host.healthy(2);
      const alive = world.look();
      expect(alive.map(({ instanceId }) => instanceId).sort()).toEqual(['workers.1~2', 'workers.2~1']);
      expect(await listed()).toEqual(lines(alive));
      const log = readFileSync(join(folder.folder, 'data/processes/logs/workers.1~2.log'), 'utf8');
      expect(log).toContain('state restored');
    },
  );

  it.each(['respawn', 'await-ready'])(
    'end on SIGTERM in the %s of a respawn beside a dead one, and have one instance afterwards',
    async (step) => {
      await begin({ ...small, sections: { groups: { workers: { mode: 'approve' } } } }, 2);
      process.kill(await host.pidOf('workers.1'), 'SIGKILL');
      await incidentOf('workers.1', 'awaiting-approval');
      await orderAndEnd('workers.1', step, async () => expect(await host.stop()).toBe(0));
      expect(world.look()).toEqual([]);
      await host.start();
      await incidentOf('workers.1', 'resolved');
      await host.healthy(2);
      const alive = world.look();
      expect(alive.map(({ agentId }) => agentId).sort()).toEqual(['workers.1', 'workers.2']);
      expect(await listed()).toEqual(lines(alive));
    },
  );
});

describe.skipIf(!existsSync('/proc/self/environ'))('a guard that is killed while a person is asked', () => {
  it('comes back with approval, hold, hand-over, budget and checkpoints as they were', async () => {
    const gate = {
      settle: '1s',
      progressWindow: '2s',
      attempts: [{ max: 1, per: '1h' }],
      backoff: { base: '100ms', cap: '200ms', resetAfter: '30s' },
    };
    await begin(
      { groups: { asked: 1, held: 1, spent: 1 }, sections: { gate, groups: { asked: { mode: 'approve' } } } },
      3,
    );
    const ids = ['asked.1', 'held.1', 'spent.1'];
    for (const id of ids) await host.until(`${id} has a checkpoint`, async () => (await state(id)).status === 200);

    // Its one attempt is used up, and a guard that starts anew must not give it another.
    process.kill(await host.pidOf('spent.1'), 'SIGKILL');
    await incidentOf('spent.1', 'resolved');
    await host.kill();
    await host.start();
    await host.healthy(3);
    await settled();
    process.kill(await host.pidOf('spent.1'), 'SIGKILL');
    const handedOver = await incidentOf('spent.1', 'escalated');
    expect(handedOver).toMatchObject({ reason: { code: 'attempt-budget-exhausted' }, attempts: [] });

    const hold = { by: 'ann', scope: { kind: 'agent', agentId: 'held.1' }, reason: 'maintenance', ttl: '1h' };
    expect((await host.ask('POST', '/api/v1/holds', hold)).status).toBe(201);
    process.kill(await host.pidOf('held.1'), 'SIGKILL');
    process.kill(await host.pidOf('asked.1'), 'SIGKILL');
    const held = await incidentOf('held.1', 'held');
    const asked = await incidentOf('asked.1', 'awaiting-approval');

    const holds = (await host.ask('GET', '/api/v1/holds')).body;
    const states = await Promise.all(ids.map(state));
    await host.kill();
    await host.start();
    await settled();

    expect((await host.ask('GET', '/api/v1/holds')).body).toEqual(holds);
    expect(await Promise.all(ids.map(state))).toEqual(states);
    expect(await incidentOf('spent.1', 'escalated')).toMatchObject({ id: handedOver.id, reason: handedOver['reason'] });
    expect(await incidentOf('held.1', 'held')).toMatchObject({
      id: held.id,
      holdId: held['holdId'],
      until: held['until'],
    });
    expect(await incidentOf('asked.1', 'awaiting-approval')).toMatchObject({
      id: asked.id,
      approval: asked['approval'],
    });
    expect(world.look()).toEqual([]);

    // And what was waiting goes on when the person decides.
    const { planHash } = asked['approval'] as { readonly planHash: string };
    const approved = await host.ask('POST', `/api/v1/incidents/${asked.id}/approve`, { by: 'ann', planHash });
    expect(approved.status).toBe(200);
    expect((await host.ask('DELETE', `/api/v1/holds/${String(held['holdId'])}?by=ann`)).status).toBe(204);
    await incidentOf('asked.1', 'resolved');
    await incidentOf('held.1', 'resolved');
    expect(
      world
        .look()
        .map(({ agentId }) => agentId)
        .sort(),
    ).toEqual(['asked.1', 'held.1']);
  });
});

async function state(agentId: string): Promise<{ readonly status: number; readonly body: unknown }> {
  return host.ask('GET', `/api/v1/agents/${agentId}/state`);
}
