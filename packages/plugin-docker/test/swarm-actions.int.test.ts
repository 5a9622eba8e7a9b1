import type Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { EngineError } from '../src/engine/engine-error.ts';
import { importBusybox } from './engine-kit.ts';
import { type Ask, cleanUpSwarm, SwarmKit, testSwarm, until } from './swarm-kit.ts';

const swarm = await testSwarm();

describe.runIf(swarm)('actions on a swarm', () => {
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

  test('restart rolls the whole service, says so before, and gives every slot a new task', async () => {
    const name = await kit.service({ replicas: 2 });
    const { orchestrator, inventory } = await kit.start();
    const old = (await kit.running(name)).map(({ ID }) => ID);
    const intent = await kit.prepare(orchestrator, { kind: 'restart', ...kit.on(inventory, `${name}.1`) }, 'k');
    expect(intent.affects).toEqual([`${name}.1`, `${name}.2`]);
    const receipt = await orchestrator.execute(intent, kit.grant('k'), kit.call());
    expect(receipt).toMatchObject({ result: 'succeeded', instance: { generation: 2, state: 'running' } });
    const fresh = (await kit.running(name)).map(({ ID }) => ID);
    expect(fresh).toHaveLength(2);
    expect(fresh.filter((id) => old.includes(id))).toEqual([]);
    await until(() => inventory.lifecycle('started').length === 2);
    expect(inventory.lifecycle('restarted')).toEqual([]);
    expect(inventory.events.some((event) => event.type === 'present' && event.agent.rollout !== undefined)).toBe(false);
  });

  test('restart brings back a task that Swarm itself leaves dead', async () => {
    const name = await kit.service({ replicas: 2, policy: { Condition: 'none' } });
    const { orchestrator, inventory } = await kit.start();
    const killed = await kit.kill(name);
    const agentId = `${name}.${killed.Slot}`;
    await until(() => inventory.lifecycle('died').length === 1);
    const receipt = await kit.act(orchestrator, { kind: 'restart', ...kit.on(inventory, agentId) }, 'k');
    expect(receipt).toMatchObject({ result: 'succeeded', instance: { generation: 2, state: 'running' } });
    expect(inventory.agentIds()).toEqual([`${name}.1`, `${name}.2`]);
    expect(await kit.running(name)).toHaveLength(2);
  });

  test('recreate replaces the one task only, and is refused where Swarm would not replace it for certain', async () => {
    const name = await kit.service({ replicas: 2 });
    const limited = await kit.service({ policy: { Condition: 'on-failure' } });
    const { orchestrator, inventory } = await kit.start();
    const sister = inventory.instance(`${name}.2`);
    const intent = await kit.prepare(orchestrator, { kind: 'recreate', ...kit.on(inventory, `${name}.1`) }, 'k');
    expect(intent.affects).toEqual([`${name}.1`]);
    const receipt = await orchestrator.execute(intent, kit.grant('k'), kit.call());
    expect(receipt).toMatchObject({ result: 'succeeded', instance: { generation: 2, state: 'running' } });
    expect(inventory.instance(`${name}.2`)).toEqual(sister);
    expect(inventory.lifecycle('restarted')).toEqual([]);
    expect(inventory.lifecycle('died')).toEqual([]);
    const decision = await orchestrator.prepare({ kind: 'recreate', ...kit.on(inventory, `${limited}.1`) }, 'k2');
    expect(decision).toMatchObject({ act: false, reason: { code: 'orchestrator-refused' } });
  });

  test('respawn gives limits, variables and a command, and keeps the rest', async () => {
    const name = await kit.service({ container: { Env: ['A=1', 'B=2'] } });
    const { orchestrator, inventory } = await kit.start();
    const receipt = await kit.act(
      orchestrator,
      {
        kind: 'respawn',
        mode: 'in-place',
        generation: 7,
        ...kit.on(inventory, `${name}.1`),
        override: {
          memoryLimit: 64 * 1024 ** 2,
          cpuLimit: 0.5,
          timeoutMs: 1_500,
          env: { B: '3' },
          command: ['sleep', '5000'],
        },
      },
      'k',
    );
    expect(receipt).toMatchObject({ result: 'succeeded', instance: { generation: 7, memoryLimitMb: 64 } });
    const [task] = await kit.running(name);
    expect(task?.Spec).toMatchObject({
      ContainerSpec: { Image: image, Args: ['sleep', '5000'], Env: ['A=1', 'B=3', 'PRAETORIAN_TIMEOUT_MS=1500'] },
      Resources: { Limits: { MemoryBytes: 64 * 1024 ** 2, NanoCPUs: 5e8 } },
    });
  });

  test('a respawn that does not come up is rolled back, says why, and leaves the service as it was', async () => {
    const name = await kit.service({ replicas: 2, update: { Monitor: 2e9 } });
    const { orchestrator, inventory } = await kit.start();
    const before = await kit.facts(name);
    const respawn = { kind: 'respawn', mode: 'in-place', generation: 2, ...kit.on(inventory, `${name}.1`) } as const;
    const intent = await kit.prepare(orchestrator, { ...respawn, override: { command: ['sh', '-c', 'exit 3'] } }, 'k');
    const receipt = await orchestrator.execute(intent, kit.grant('k'), kit.call());
    expect(receipt).toMatchObject({
      result: 'failed',
      text: expect.stringMatching(/non-zero exit \(3\).*rolled back/),
    });
    expect((await kit.facts(name)).Spec).toEqual(before.Spec);
    await until(async () => (await kit.running(name)).length === 2);
    expect(await orchestrator.reconcile(intent)).toEqual(receipt);
    expect(await orchestrator.execute(intent, kit.grant('k'), kit.call())).toEqual(receipt);
    await until(() => inventory.instance(`${name}.1`).state === 'running');
    expect(inventory.agent(`${name}.1`).rollout).toBeUndefined();
    const next = await kit.act(orchestrator, { kind: 'restart', ...kit.on(inventory, `${name}.1`) }, 'k2');
    expect(next.result).toBe('succeeded');
  });

  test('an image that is not there, and an automatic rollback of Swarm, are failures with their reason', async () => {
    const name = await kit.service({ update: { FailureAction: 'rollback' } });
    const { orchestrator, inventory } = await kit.start();
    const respawn = { kind: 'respawn', mode: 'in-place', generation: 2, ...kit.on(inventory, `${name}.1`) } as const;
    const receipt = await kit.act(orchestrator, { ...respawn, override: { image: 'praetorian/nowhere:1' } }, 'k');
    expect(receipt).toMatchObject({ result: 'failed', text: expect.stringContaining('No such image') });
    await until(async () => (await kit.running(name)).length === 1);
    expect((await kit.facts(name)).Spec.TaskTemplate.ContainerSpec?.Image).toBe(image);
  });

  test('a new task that does not come is given up, and the service rolled back', async () => {
    const name = await kit.service();
    const { orchestrator, inventory } = await kit.start();
    const restart = { kind: 'restart', ...kit.on(inventory, `${name}.1`) } as const;
    const intent = await kit.prepare(orchestrator, restart, 'k');
    await kit.takeNoTasks(true);
    const deadline = kit.clock.now() + 4_000;
    const receipt = await orchestrator.execute(intent, kit.grant('k', { deadline }), kit.call());
    await kit.takeNoTasks(false);
    expect(receipt.result).toBe('unknown');
    await until(async () => (await orchestrator.reconcile(intent)).result === 'failed');
    expect(await orchestrator.reconcile(intent)).toMatchObject({ text: expect.stringContaining('rolled back') });
    await until(async () => (await kit.running(name)).length === 1);
  });

  test('scale touches the highest slots', async () => {
    const name = await kit.service({ replicas: 2 });
    const { orchestrator, inventory } = await kit.start();
    expect(await kit.act(orchestrator, { kind: 'scale', group: name, replicas: 4 }, 'k1')).toMatchObject({
      result: 'succeeded',
    });
    await until(() => inventory.agentIds().length === 4);
    const intent = await kit.prepare(orchestrator, { kind: 'scale', group: name, replicas: 1 }, 'k2');
    expect(intent.affects).toEqual([`${name}.2`, `${name}.3`, `${name}.4`]);
    expect((await orchestrator.execute(intent, kit.grant('k2'), kit.call())).result).toBe('succeeded');
    expect(inventory.agentIds()).toEqual([`${name}.1`]);
  });

  test('another writer of the same moment costs a try; one that changed something has the last word', async () => {
    const name = await kit.service();
    const meddler = { edit: 0, labels: {} };
    const before: Ask = async (what, next) => {
      if (what === 'update a service' && meddler.edit > 0) {
        meddler.edit -= 1;
        await kit.change(name, (spec) => ({ ...spec, Labels: { ...spec.Labels, ...meddler.labels } }));
      }
      return next();
    };
    const { orchestrator, inventory } = await kit.start({}, kit.engine(before));
    meddler.edit = 2;
    expect(await kit.act(orchestrator, { kind: 'restart', ...kit.on(inventory, `${name}.1`) }, 'k1')).toMatchObject({
      result: 'succeeded',
    });
    expect(meddler.edit).toBe(0);
    Object.assign(meddler, { edit: 1, labels: { theirs: '1' } });
    const task = (await kit.running(name))[0]?.ID;
    expect(await kit.act(orchestrator, { kind: 'restart', ...kit.on(inventory, `${name}.1`) }, 'k2')).toMatchObject({
      result: 'superseded',
    });
    expect((await kit.running(name))[0]?.ID).toBe(task);
    expect((await kit.facts(name)).Spec.Labels).toMatchObject({ theirs: '1' });
  });

  test('what a person changes on top of an update of the guard is left to them, also when its task does not come', async () => {
    const name = await kit.service();
    const { orchestrator, inventory } = await kit.start();
    const restart = { kind: 'restart', ...kit.on(inventory, `${name}.1`) } as const;
    const intent = await kit.prepare(orchestrator, restart, 'k');
    await kit.takeNoTasks(true);
    const deadline = kit.clock.now() + 12_000;
    const executed = orchestrator.execute(intent, kit.grant('k', { deadline }), kit.call());
    await until(async () => (await kit.facts(name)).Spec.TaskTemplate.ForceUpdate === 1);
    await kit.change(name, (spec) => ({ ...spec, Labels: { ...spec.Labels, theirs: '1' } }));
    expect(await executed).toMatchObject({ result: 'superseded' });
    await kit.takeNoTasks(false);
    await until(async () => (await kit.running(name)).length === 1);
    expect((await kit.facts(name)).Spec.Labels).toMatchObject({ theirs: '1' });
  });

  test('a task that gets its turn late in a long rollout is waited for from then on', async () => {
    const name = await kit.service({ replicas: 4, update: { Delay: 2e9 } });
    const { orchestrator, inventory } = await kit.start();
    const intent = await kit.prepare(orchestrator, { kind: 'restart', ...kit.on(inventory, `${name}.3`) }, 'k');
    const deadline = kit.clock.now() + 3_000;
    await orchestrator.execute(intent, kit.grant('k', { deadline }), kit.call());
    await until(async () => (await kit.facts(name)).UpdateStatus?.State !== 'updating');
    expect((await kit.facts(name)).UpdateStatus?.State).toBe('completed');
    expect((await kit.facts(name)).Spec.TaskTemplate.ForceUpdate).toBe(1);
  });

  test('an update whose answer is lost is found by its key, and is not done twice', async () => {
    const name = await kit.service();
    let losing = true;
    const { orchestrator, inventory } = await kit.start(
      {},
      kit.engine(async (what, next) => {
        const answer = await next();
        if (what !== 'update a service' || !losing) return answer;
        losing = false;
        throw new EngineError('the connection broke', { lost: true });
      }),
    );
    const receipt = await kit.act(orchestrator, { kind: 'restart', ...kit.on(inventory, `${name}.1`) }, 'k');
    expect(receipt.result).toBe('succeeded');
    expect((await kit.facts(name)).Spec.TaskTemplate.ForceUpdate).toBe(1);
  });

  test('the next guard proves what the one before it was killed over', async () => {
    const name = await kit.service();
    const [updated, update] = gate();
    const [dead, bury] = gate();
    const one = await kit.start(
      {},
      kit.engine(async (what, next) => {
        const answer = await next();
        if (what !== 'update a service') return answer;
        update();
        // The guard that asked is no more when the answer comes.
        await dead;
        throw new EngineError('killed', { lost: false });
      }),
    );
    const intent = await kit.prepare(one.orchestrator, { kind: 'restart', ...kit.on(one.inventory, `${name}.1`) }, 'k');
    void one.orchestrator.execute(intent, kit.grant('k'), kit.call());
    await updated;
    const two = await kit.start();
    await until(async () => (await two.orchestrator.reconcile(intent)).result === 'succeeded');
    const receipt = await two.orchestrator.execute(intent, kit.grant('k'), kit.call());
    expect(receipt).toMatchObject({ result: 'succeeded', reconciled: true, instance: { state: 'running' } });
    expect((await kit.facts(name)).Spec.TaskTemplate.ForceUpdate).toBe(1);
    bury();
  });

  test('a guard that ends in the middle leaves the rollout to Swarm, and the next one proves it', async () => {
    const name = await kit.service({ replicas: 2, update: { Monitor: 1e9 } });
    const one = await kit.start();
    const intent = await kit.prepare(one.orchestrator, { kind: 'restart', ...kit.on(one.inventory, `${name}.1`) }, 'k');
    const receipt = one.orchestrator.execute(intent, kit.grant('k'), kit.call());
    await until(async () => (await kit.facts(name)).UpdateStatus?.State === 'updating');
    await one.orchestrator.stop();
    expect((await receipt).result).toBe('unknown');
    const two = await kit.start();
    await until(async () => (await two.orchestrator.reconcile(intent)).result === 'succeeded');
    expect(two.inventory.agent(`${name}.1`).rollout).toBeUndefined();
  });

  test('gives the log of a task from place to place, and runs a command in it', async () => {
    const name = await kit.service({ container: { Args: ['sh', '-c', 'while sleep 0.1; do echo tick; done'] } });
    const { orchestrator, inventory } = await kit.start();
    const instance = inventory.instance(`${name}.1`);
    let { next } = await orchestrator.logs(instance, `${name}.1`, undefined, kit.call());
    const lines: string[] = [];
    await until(async () => {
      const page = await orchestrator.logs(instance, `${name}.1`, next, kit.call());
      next = page.next;
      lines.push(...page.lines);
      return lines.length > 0;
    });
    expect(new Set(lines)).toEqual(new Set(['tick']));
    const result = await orchestrator.exec(instance, ['sh', '-c', 'echo $((6 * 7)); exit 3'], kit.call());
    expect(result).toEqual({ exitCode: 3, stdout: '42\n', stderr: '' });
    const nobody = { id: 'nobody', generation: 1 };
    expect(await orchestrator.logs(nobody, 'nobody', undefined, kit.call())).toEqual({ lines: [], next: '' });
  });

  test('evidence holds the log, the tasks before and how the update stands, and nothing of the environment', async () => {
    const args = ['sh', '-c', 'echo hello; sleep 1000000'];
    const name = await kit.service({ container: { Args: args, Env: ['TOKEN=secret-value'] } });
    const { orchestrator, inventory } = await kit.start();
    await kit.act(orchestrator, { kind: 'restart', ...kit.on(inventory, `${name}.1`) }, 'k');
    const evidence = await orchestrator.evidence(inventory.instance(`${name}.1`), `${name}.1`);
    const texts = Object.fromEntries(evidence.map(({ label, text }) => [label, text]));
    expect(texts['log']).toMatch(/hello$/);
    expect(texts['tasks']?.split('\n')).toHaveLength(2);
    expect(texts['update']).toContain('completed');
    expect(JSON.stringify(evidence)).not.toContain('secret-value');
  });
});

/** A promise, and what resolves it. */
function gate(): [Promise<void>, () => void] {
  let open = (): void => undefined;
  return [new Promise<void>((resolve) => void (open = resolve)), () => open()];
}
