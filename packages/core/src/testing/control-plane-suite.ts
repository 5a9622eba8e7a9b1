import assert from 'node:assert/strict';
import type { AgentChange, Call, ControlPlane } from '../contracts/index.ts';
import type { ControlCommand, Instance, Receipt } from '../model/index.ts';
import { createRig, type Rig } from './rig.ts';
import type { Runner } from './runner.ts';

export interface ControlPlaneSubject {
  /** A control plane with no agents in it. The suite starts and stops it. */
  make(rig: Rig): Promise<ControlPlane>;
}

/** A control plane under test, with short ways to command it. */
interface Bench {
  readonly plane: ControlPlane;
  readonly call: Call;
  /** Aborts `call`. */
  readonly abort: () => void;
  /** Applies a command with a key of its own and the fence 1, unless told otherwise. */
  readonly apply: (
    command: ControlCommand,
    grant?: { readonly key?: string; readonly fence?: number },
  ) => Promise<Receipt>;
  readonly register: (instance: Instance, agentId?: string) => Promise<Receipt>;
}

type It = (name: string, body: (bench: Bench) => Promise<void>) => void;

const group = 'web';
const first: Instance = { id: 'i-1', generation: 1, endpoint: 'http://127.0.0.1:4001' };
const second: Instance = { id: 'i-2', generation: 2, endpoint: 'http://127.0.0.1:4002' };

/** The promises of `ControlPlane`. */
export function testControlPlane(runner: Runner, subject: ControlPlaneSubject): void {
  const it: It = (name, body) =>
    runner.it(name, async () => {
      const rig = createRig({ seed: name });
      const plane = await subject.make(rig);
      const controller = new AbortController();
      await plane.start?.(controller.signal);
      try {
        await body(benchOf(plane, controller));
      } finally {
        controller.abort();
        await plane.stop?.(new AbortController().signal);
      }
    });
  runner.describe('ControlPlane', () => {
    testRegistration(it);
    testCommands(it);
    testRoutes(it);
    testFeed(it);
  });
}

function benchOf(plane: ControlPlane, controller: AbortController): Bench {
  const call: Call = { signal: controller.signal, traceId: 'suite' };
  let keys = 0;
  const apply: Bench['apply'] = (command, grant = {}) => {
    keys += 1;
    return plane.apply(command, { key: `key-${keys}`, fence: 1, ...grant }, call);
  };
  const register = (instance: Instance, agentId = 'web.1'): Promise<Receipt> =>
    apply({ kind: 'register', agentId, group, instance });
  return { plane, call, abort: () => controller.abort(), apply, register };
}

function testRegistration(it: It): void {
  it('registers an agent, and once more without harm', async ({ plane, register }) => {
    assert.equal((await register(first)).result, 'succeeded');
    assert.equal((await register(first)).result, 'succeeded');
    assert.deepEqual(endpoints(plane), [first.endpoint]);
  });

  it('lets a new instance take the place of the old one, and refuses the old one then', async ({ plane, register }) => {
    await register(first);
    assert.equal((await register(second)).result, 'succeeded');
    assert.deepEqual(endpoints(plane), [second.endpoint]);
    assert.equal((await register(first)).result, 'failed');
    assert.deepEqual(endpoints(plane), [second.endpoint]);
  });

  it('deregisters the old instance and keeps the new one', async ({ plane, apply, register }) => {
    await register(first);
    await register(second);
    assert.equal((await apply({ kind: 'deregister', agentId: 'web.1', instanceId: first.id })).result, 'succeeded');
    assert.deepEqual(endpoints(plane), [second.endpoint]);
  });

  it('sends no more work to an instance that was deregistered', async ({ plane, apply, register }) => {
    await register(first);
    await apply({ kind: 'deregister', agentId: 'web.1', instanceId: first.id });
    assert.deepEqual(endpoints(plane), []);
  });

  it('takes it for done to deregister who is not there', async ({ apply }) => {
    assert.equal((await apply({ kind: 'deregister', agentId: 'nobody', instanceId: 'i' })).result, 'succeeded');
  });
}

function testCommands(it: It): void {
  it('answers with the key, and the same key with the same receipt, doing it once', async ({
    plane,
    apply,
    register,
  }) => {
    await register(first);
    const open = await apply({ kind: 'route', agentId: 'web.1', breaker: 'open' }, { key: 'once' });
    assert.equal(open.key, 'once');
    await apply({ kind: 'route', agentId: 'web.1', breaker: 'closed' });
    assert.deepEqual(await apply({ kind: 'route', agentId: 'web.1', breaker: 'open' }, { key: 'once' }), open);
    assert.deepEqual(endpoints(plane), [first.endpoint], 'the repeated command was carried out again');
  });

  it('tells by a receipt that a command for an unknown agent failed', async ({ apply }) => {
    for (const command of [
      { kind: 'status', agentId: 'nobody', health: 'failed' },
      { kind: 'route', agentId: 'nobody', breaker: 'open' },
    ] as const) {
      assert.equal((await apply(command)).result, 'failed', command.kind);
    }
  });

  it('refuses a command whose fence is lower than one it has seen', async ({ plane, apply, register }) => {
    await register(first);
    await apply({ kind: 'status', agentId: 'web.1', health: 'healthy' }, { fence: 7 });
    const late = await apply({ kind: 'route', agentId: 'web.1', breaker: 'open' }, { fence: 6 });
    assert.equal(late.result, 'failed');
    assert.deepEqual(endpoints(plane), [first.endpoint]);
  });

  it('does nothing for a call that was aborted', async ({ plane, abort, register }) => {
    abort();
    await assert.rejects(register(first));
    assert.deepEqual(endpoints(plane), []);
  });

  it('gives receipts that can be stored', async ({ register }) => {
    const receipt = await register(first);
    assert.deepEqual(JSON.parse(JSON.stringify(receipt)), receipt);
  });
}

function testRoutes(it: It): void {
  it('routes around what failed, and back when it is well', async ({ plane, apply, register }) => {
    await register(first);
    await apply({ kind: 'status', agentId: 'web.1', health: 'failed' });
    assert.deepEqual(endpoints(plane), []);
    await apply({ kind: 'status', agentId: 'web.1', health: 'degraded' });
    assert.deepEqual(endpoints(plane), [first.endpoint]);
  });

  it('sends nothing to an open breaker, little to one half open, all to one closed', async ({
    plane,
    apply,
    register,
  }) => {
    await register(first);
    const weight = async (breaker: 'open' | 'half-open' | 'closed'): Promise<number | undefined> => {
      await apply({ kind: 'route', agentId: 'web.1', breaker });
      return plane.routes(group)[0]?.weight;
    };
    assert.equal(await weight('open'), undefined);
    const little = (await weight('half-open')) ?? Number.NaN;
    assert.ok(little > 0 && little < 1, `half open has the weight ${little}`);
    assert.equal(await weight('closed'), 1);
  });

  it('gives routes of the group alone, to agents with an address', async ({ plane, apply, register }) => {
    await register(first);
    await register({ id: 'mute', generation: 1 }, 'web.2');
    await apply({ kind: 'register', agentId: 'api.1', group: 'api', instance: second });
    assert.deepEqual(
      plane.routes(group).map(({ agentId }) => agentId),
      ['web.1'],
    );
    assert.deepEqual(
      plane.routes('api').map(({ agentId }) => agentId),
      ['api.1'],
    );
    assert.deepEqual(plane.routes('nobody'), []);
  });
}

function testFeed(it: It): void {
  it('tells who is registered, then what changes, and ends when the call does', async ({
    plane,
    call,
    abort,
    register,
  }) => {
    await register(first);
    const told: AgentChange[] = [];
    let wake = (): void => undefined;
    const reading = (async () => {
      for await (const change of plane.agents(call)) {
        told.push(change);
        wake();
      }
    })();
    const until = async (agentId: string): Promise<void> => {
      while (!told.some((change) => change.type === 'registered' && change.agent.id === agentId)) {
        await new Promise<void>((resolve) => (wake = resolve));
      }
    };
    await until('web.1');
    await register(second, 'web.2');
    await until('web.2');
    abort();
    await reading;
  });
}

function endpoints(plane: ControlPlane): readonly string[] {
  return plane.routes(group).map(({ endpoint }) => endpoint);
}
