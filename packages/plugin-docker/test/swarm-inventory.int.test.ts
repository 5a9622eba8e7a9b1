import type Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { SwarmOrchestrator } from '../src/services/swarm-orchestrator.ts';
import { importBusybox } from './engine-kit.ts';
import { cleanUpSwarm, Inventory, SwarmKit, testSwarm, until } from './swarm-kit.ts';

const swarm = await testSwarm();

describe.runIf(swarm)('the inventory of a swarm', () => {
  const docker = swarm as Docker;
  let image: string;
  let kit: SwarmKit;

  beforeAll(async () => {
    image = await importBusybox(docker);
  });
  beforeEach(() => {
    kit = new SwarmKit(docker, image);
  });
  afterEach(async () => kit.dispose());
  afterAll(async () => cleanUpSwarm(docker));

  test('a slot is an agent, its task the instance, and labels of the service are labels of the agent', async () => {
    const first = await kit.service();
    const name = await kit.service({
      replicas: 2,
      labels: { 'praetorian.depends-on': first, 'praetorian.criticality': '1' },
      container: { Labels: { 'praetorian.criticality': '0', 'praetorian.mode': 'auto' }, StopGracePeriod: 3e9 },
    });
    const { inventory } = await kit.start({ idPrefix: '' });
    const [task] = (await kit.running(name)).filter(({ Slot }) => Slot === 1);
    expect(inventory.agentIds()).toEqual([`${first}.1`, `${name}.1`, `${name}.2`]);
    expect(inventory.agent(`${name}.1`)).toMatchObject({
      group: name,
      labels: { criticality: '1', mode: 'auto', 'stop-timeout': '3s' },
      dependsOn: [`${first}.1`],
      instance: {
        id: `${name}.1~${task?.ID.slice(0, 12)}`,
        generation: 1,
        state: 'running',
        ref: { service: task?.ServiceID, task: task?.ID, container: task?.Status.ContainerStatus?.ContainerID },
      },
    });
  });

  test('a task that died and was replaced by Swarm is told once as restarted, and never as dead', async () => {
    const name = await kit.service({ replicas: 2 });
    const { orchestrator, inventory } = await kit.start();
    const killed = await kit.kill(name);
    const agentId = `${name}.${killed.Slot}`;
    await until(() => inventory.lifecycle('restarted').length > 0);
    expect(inventory.instance(agentId)).toMatchObject({ generation: 2, state: 'running' });
    const other = new Inventory(orchestrator, kit.call());
    await until(() => other.synced);
    expect(inventory.lifecycle('restarted')).toEqual([
      {
        type: 'lifecycle',
        agentId,
        instanceId: inventory.instance(agentId).id,
        event: 'restarted',
        detail: 'task: non-zero exit (137)',
      },
    ]);
    expect(inventory.lifecycle('died')).toEqual([]);
    expect(other.instance(agentId)).toEqual(inventory.instance(agentId));
  });

  test('one that Swarm cannot replace is told dead after its delay, keeps its name, and is restarted later', async () => {
    const name = await kit.service();
    const { orchestrator, inventory } = await kit.start();
    const { id } = inventory.instance(`${name}.1`);
    await kit.takeNoTasks(true);
    try {
      await kit.kill(name);
      await until(() => inventory.lifecycle('died').length > 0);
      const states = inventory.events.flatMap((event) =>
        event.type === 'present' && event.agent.id === `${name}.1` ? [event.agent.instance.state] : [],
      );
      expect(states.slice(-2)).toEqual(['starting', 'exited']);
      expect(inventory.lifecycle('died')).toMatchObject([{ instanceId: id, exitCode: 137 }]);
      expect(inventory.lifecycle('died')[0]?.detail).toContain('no suitable node');
      expect(inventory.instance(`${name}.1`)).toMatchObject({ id, state: 'exited' });
      const late = new Inventory(orchestrator, kit.call());
      await until(() => late.synced);
      expect(late.lifecycle('died')).toEqual(inventory.lifecycle('died'));
    } finally {
      await kit.takeNoTasks(false);
    }
    await until(() => inventory.lifecycle('restarted').length > 0);
    expect(inventory.instance(`${name}.1`)).toMatchObject({ generation: 2, state: 'running' });
  });

  test('the end of one that is not to be started again is told at once: done, failed, or out of memory', async () => {
    const policy = { Condition: 'none' };
    const [done, failing, hungry] = [
      await kit.service({ policy, container: { Args: ['sh', '-c', 'while ! [ -e /tmp/go ]; do sleep 0.1; done'] } }),
      await kit.service({
        policy,
        container: { Args: ['sh', '-c', 'while ! [ -e /tmp/go ]; do sleep 0.1; done; exit 3'] },
      }),
      await kit.service({
        policy,
        container: { Args: ['sh', '-c', 'while ! [ -e /tmp/go ]; do sleep 0.1; done; tail /dev/zero'] },
      }),
    ];
    await kit.change(hungry, (spec) => ({
      ...spec,
      TaskTemplate: { ...spec.TaskTemplate, Resources: { Limits: { MemoryBytes: 16 * 1024 ** 2 } } },
    }));
    await until(async () => (await kit.facts(hungry)).UpdateStatus?.State === 'completed');
    const { inventory } = await kit.start();
    expect(inventory.instance(`${hungry}.1`).memoryLimitMb).toBe(16);
    for (const name of [done, failing, hungry]) await kit.inside(name, ['touch', '/tmp/go']);
    const told = (): readonly unknown[] =>
      ['stopped', 'died', 'oom-killed'].flatMap((kind) =>
        inventory.lifecycle(kind).map((event) => [kind, event.agentId]),
      );
    await until(() => told().length === 3);
    expect(told()).toEqual([
      ['stopped', `${done}.1`],
      ['died', `${failing}.1`],
      ['oom-killed', `${hungry}.1`],
    ]);
    expect(inventory.lifecycle('died')[0]).toMatchObject({ exitCode: 3 });
    expect(inventory.instance(`${done}.1`).state).toBe('stopped');
    expect(inventory.instance(`${failing}.1`).state).toBe('exited');
  });

  test('whom Swarm ends because its check fails is told as restarted, with the reason', async () => {
    const name = await kit.service({
      container: {
        Healthcheck: { Test: ['CMD', 'test', '!', '-e', '/tmp/ill'], Interval: 2e8, Timeout: 1e9, Retries: 1 },
      } as object,
    });
    const { inventory } = await kit.start();
    await kit.inside(name, ['touch', '/tmp/ill']);
    await until(() => inventory.lifecycle('restarted').length > 0);
    expect(inventory.lifecycle('restarted')[0]?.detail).toContain('unhealthy');
  });

  test('whoever is scaled in, or goes with the service, is removed without a word of death', async () => {
    const name = await kit.service({ replicas: 3 });
    const { inventory } = await kit.start();
    await kit.change(name, (spec) => ({ ...spec, Mode: { Replicated: { Replicas: 1 } } }));
    await until(() => inventory.agentIds().length === 1);
    expect(inventory.agentIds()).toEqual([`${name}.1`]);
    await kit.change(name, (spec) => ({ ...spec, Mode: { Replicated: { Replicas: 0 } } }));
    await until(() => inventory.agentIds().length === 0);
    await kit.change(name, (spec) => ({ ...spec, Mode: { Replicated: { Replicas: 1 } } }));
    await until(() => inventory.agentIds().length === 1);
    await docker.getService(name).remove();
    await until(() => inventory.agentIds().length === 0);
    expect(inventory.lifecycle('died')).toEqual([]);
  });

  test('an agent of a global service bears the name of its node', async () => {
    const name = await kit.service({ global: true });
    const { orchestrator, inventory } = await kit.start();
    const { Name: node } = (await docker.info()) as { Name: string };
    const agentId = `${name}.${node}`;
    expect(inventory.agentIds()).toEqual([agentId]);
    const scale = await orchestrator.prepare({ kind: 'scale', group: name, replicas: 2 }, 'k');
    expect(scale).toMatchObject({ act: false });
    const receipt = await kit.act(orchestrator, { kind: 'restart', ...kit.on(inventory, agentId) }, 'k');
    expect(receipt).toMatchObject({ result: 'succeeded', instance: { generation: 2 } });
  });

  test('a container that somebody paused is told, and told again when it goes on', async () => {
    const name = await kit.service();
    const { inventory } = await kit.start();
    const [task] = await kit.running(name);
    const container = docker.getContainer(task?.Status.ContainerStatus?.ContainerID ?? '');
    await container.pause();
    await until(() => inventory.lifecycle('paused').length === 1);
    expect(inventory.instance(`${name}.1`).state).toBe('paused');
    await container.unpause();
    await until(() => inventory.lifecycle('started').length === 1);
    expect(inventory.instance(`${name}.1`)).toMatchObject({ state: 'running', generation: 1 });
  });

  test('the next guard knows the generations', async () => {
    const name = await kit.service();
    const one = await kit.start();
    await kit.kill(name);
    await until(() => one.inventory.lifecycle('restarted').length > 0);
    await one.orchestrator.stop();
    await kit.kill(name);
    await until(async () => (await kit.tasks(name)).length === 3 && (await kit.running(name)).length === 1);
    const two = await kit.start();
    expect(two.inventory.instance(`${name}.1`)).toMatchObject({ generation: 3, state: 'running' });
  });

  test('an update of somebody else marks the agents, and nothing is done to them', async () => {
    const name = await kit.service({ update: { Monitor: 2e9 } });
    const { orchestrator, inventory } = await kit.start();
    const env = (Env: readonly string[]) =>
      kit.change(name, ({ TaskTemplate, ...spec }) => ({
        ...spec,
        TaskTemplate: { ...TaskTemplate, ContainerSpec: { ...TaskTemplate.ContainerSpec, Env } },
      }));
    await env(['A=1']);
    await until(() => inventory.agent(`${name}.1`).rollout === 'in-progress');
    for (const kind of ['restart', 'recreate'] as const) {
      const decision = await orchestrator.prepare({ kind, ...kit.on(inventory, `${name}.1`) }, kind);
      expect(decision).toMatchObject({ act: false, reason: { code: 'rollout-in-progress' } });
    }
    await until(() => inventory.agent(`${name}.1`).rollout === undefined);
    expect(inventory.instance(`${name}.1`).generation).toBe(2);
    expect(inventory.lifecycle('restarted')).toEqual([]);
  });

  test('an update that came to a halt is left to people', async () => {
    const name = await kit.service({ update: { Monitor: 2e9 } });
    const { orchestrator, inventory } = await kit.start();
    await kit.change(name, ({ TaskTemplate, ...spec }) => ({
      ...spec,
      TaskTemplate: { ...TaskTemplate, ContainerSpec: { ...TaskTemplate.ContainerSpec, Args: ['false'] } },
    }));
    await until(() => inventory.agent(`${name}.1`).rollout === 'paused');
    const decision = await orchestrator.prepare({ kind: 'restart', ...kit.on(inventory, `${name}.1`) }, 'k');
    expect(decision).toMatchObject({ act: false, reason: { code: 'rollout-in-progress' } });
  });

  test('breaks off when the engine is lost from sight, and is whole again after', async () => {
    const name = await kit.service();
    const engine = kit.engine();
    const { orchestrator, inventory } = await kit.start({}, engine);
    engine.stream?.destroy(new Error('cut'));
    expect(await inventory.ended).toMatchObject({ message: expect.stringContaining('cut') });
    const again = new Inventory(orchestrator, kit.call());
    await until(() => again.synced);
    expect(again.agentIds()).toEqual([`${name}.1`]);
    await kit.kill(name);
    await until(() => again.lifecycle('restarted').length === 1);
  });

  test('of an engine that manages no swarm says so at once', async () => {
    const engine = kit.engine(async (what, next) =>
      what === 'ask for the swarm' ? { Swarm: { LocalNodeState: 'inactive' } } : next(),
    );
    const orchestrator = new SwarmOrchestrator(kit.context(), engine);
    await orchestrator.start();
    const inventory = new Inventory(orchestrator, kit.call());
    expect(await inventory.ended).toMatchObject({
      code: 'GUARD_ORCHESTRATOR_FAILED',
      message: expect.stringContaining('not a manager of a swarm'),
    });
    await orchestrator.stop();
  });
});
