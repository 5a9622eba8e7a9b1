import { describe, expect, it } from 'vitest';
import type { DiscoveredAgent } from '../contracts/index.ts';
import { Fleet } from '../fleet/index.ts';
import type { Checkpoint, Incident, Instance, ProbeSignal } from '../model/index.ts';
import type { AgentReply, RestoreReply } from '../remediation/ports.ts';
import { recordingLogger } from '../testing/rig.ts';
import { samplePolicy } from '../testing/sample-fleet.ts';
import { createVirtualClock } from '../testing/virtual-clock.ts';
import type { Provider } from './container.ts';
import { core } from './core-tokens.ts';
import { executorPorts } from './executor-ports.ts';

const former: Instance = { id: 'web.1~1', generation: 1, state: 'running' };
const fresh: Instance = { id: 'web.1~2', generation: 2, state: 'running' };
const endpoint = 'http://10.0.0.2:80';

interface World {
  /** Where the instance was that the attempt was made for. */
  readonly wasAt?: string;
  /** What probes are answered. */
  readonly answer?: Partial<ProbeSignal>;
  /** Its checkpoints. */
  readonly saved?: readonly Partial<Checkpoint>[];
}

/** The hands of an executor on the agent web.1, which was replaced, on a clock of its own. */
function world({ wasAt, answer = {}, saved = [] }: World = {}) {
  const clock = createVirtualClock();
  const fleet = new Fleet({ clock, policyOf: () => samplePolicy() });
  const given: (string | undefined)[] = [];
  const asked: string[] = [];
  const instance = wasAt === undefined ? former : { ...former, endpoint: wasAt };
  const incident = { state: 'acting', attempts: [], attempt: { instance } } as unknown as Incident;
  const parts = new Map<unknown, unknown>([
    [core.clock, clock],
    [core.log, recordingLogger()],
    [core.registry, {}],
    [core.controlPlane, {}],
    [core.fleet, fleet],
    [core.incidentLog, { openFor: () => incident }],
    [
      core.checkpoints,
      {
        load: async () => ({ checkpoint: { contentType: 'text/plain' }, bytes: new Uint8Array(1) }),
        list: async () => saved,
      },
    ],
    [
      core.agentClient,
      {
        putState: async (target: { readonly instance: Instance }): Promise<AgentReply> => {
          given.push(target.instance.endpoint);
          return target.instance.endpoint === undefined ? { ok: false, unsupported: true, text: 'none' } : { ok: true };
        },
      },
    ],
    [core.probes, { ask: async (_slot: number, probe: string) => (asked.push(probe), answer) }],
  ]);
  const at: Provider = { get: (token) => parts.get(token) as never };
  const ports = executorPorts(at);
  const lists = (listed: Instance): void => {
    const agent: DiscoveredAgent = { id: 'web.1', group: 'web', labels: {}, instance: listed };
    fleet.upsertDiscovered(agent, 'docker');
  };
  lists(fresh);
  return { clock, fleet, ports, given, asked, lists };
}

type Rig = ReturnType<typeof world>;

/** Hands the state to the new instance; `ended` holds what came of it, once something has. */
function restoring({ ports }: Rig, stop = new AbortController(), begunAt?: number) {
  const ended: (RestoreReply | 'broken off')[] = [];
  const agent = ports.agent('web.1');
  if (!agent?.instance) throw new Error('web.1 has an instance');
  const handover = { checkpointId: 'ckp_1', ...(begunAt === undefined ? {} : { begunAt }) };
  void ports.restoreState(agent, agent.instance, handover, stop.signal).then(
    (reply) => ended.push(reply),
    () => ended.push('broken off'),
  );
  return ended;
}

describe('a new instance that is to get the state of the former one', () => {
  it('gets it when it has said where it is to be reached, and not before', async () => {
    const rig = world({ wasAt: 'http://10.0.0.1:80' });
    const ended = restoring(rig);
    await rig.clock.advance(10_000);
    expect([ended, rig.given]).toEqual([[], []]);
    rig.fleet.register({ id: 'web.1', group: 'web', instance: fresh.id, endpoint });
    await rig.clock.advance(200);
    expect([ended, rig.given]).toEqual([[{ ok: true }], [endpoint]]);
  });

  it('is waited for as well where the attempt was made for one that had not said it either', async () => {
    const rig = world();
    rig.fleet.register({ id: 'web.1', group: 'web', instance: fresh.id, endpoint });
    rig.lists({ ...fresh, id: 'web.1~3', generation: 3 });
    const ended = restoring(rig);
    await rig.clock.advance(10_000);
    expect([ended, rig.given]).toEqual([[], []]);
  });

  it('is waited for until the time of the step is over', async () => {
    const rig = world({ wasAt: 'http://10.0.0.1:80' });
    const stop = new AbortController();
    const ended = restoring(rig, stop);
    await rig.clock.advance(10_000);
    stop.abort();
    await rig.clock.settle();
    expect([ended, rig.given]).toEqual([['broken off'], []]);
  });

  it('gets it no more when another took its place meanwhile: that is a failure which may be tried again', async () => {
    const rig = world({ wasAt: 'http://10.0.0.1:80' });
    const ended = restoring(rig);
    await rig.clock.advance(1_000);
    rig.lists({ id: 'web.1~3', generation: 3, state: 'running', endpoint });
    await rig.clock.advance(200);
    const text = 'web.1~2 is not the current instance of web.1 any more; that is web.1~3';
    expect([ended, rig.given]).toEqual([[{ ok: false, unsupported: false, retryable: true, text }], []]);
  });

  it('is not waited for where the agent never had an address: it fetches its state itself', async () => {
    const rig = world();
    const ended = restoring(rig);
    await rig.clock.settle();
    expect(ended).toMatchObject([{ ok: false, unsupported: true }]);
  });
});

describe('an instance that may have been given its state by a guard that has ended since', () => {
  /** What comes of handing it over once more. */
  async function again(given: World): Promise<{ ended: unknown; given: readonly unknown[] }> {
    const rig = world(given);
    rig.lists({ ...fresh, endpoint });
    const stop = new AbortController();
    const ended = restoring(rig, stop, 1_000);
    await rig.clock.advance(5_000);
    stop.abort();
    await rig.clock.settle();
    return { ended: ended[0], given: rig.given };
  }

  it('is not given it again when it takes work by now', async () => {
    expect(await again({ answer: { outcome: 'up' } })).toMatchObject({
      ended: { ok: 'perhaps', works: true },
      given: [],
    });
  });

  it.each([{ instanceId: fresh.id }, {}])('is not given it again when it has saved one since (%o)', async (by) => {
    const saved = [{ ...by, at: 1_000 }];
    const answer = { outcome: 'down' } as const;
    expect(await again({ answer, saved })).toMatchObject({ ended: { ok: 'perhaps', works: true }, given: [] });
  });

  it.each([{ statusCode: 404 }, { unaskable: true }])('is left to a person when it cannot say so (%o)', async (how) => {
    const answer = { outcome: 'unknown', ...how } as const;
    expect(await again({ answer })).toMatchObject({ ended: { ok: 'perhaps', works: false }, given: [] });
  });

  it('is asked until it answers', async () => {
    expect(await again({ answer: { outcome: 'unknown' } })).toEqual({ ended: 'broken off', given: [] });
  });

  it('is given it when it still waits for it, whatever others saved or it saved before', async () => {
    const saved = [{ instanceId: former.id, at: 2_000 }, { instanceId: fresh.id, at: 999 }]; // prettier-ignore
    const answer = { outcome: 'down' } as const;
    expect(await again({ answer, saved })).toEqual({ ended: { ok: true }, given: [endpoint] });
  });
});

/** Whether the new instance is taken for ready within ten seconds. */
async function isReady({ clock, ports }: Rig): Promise<boolean> {
  const ready: true[] = [];
  const stop = new AbortController();
  ports.awaitReady('web.1', fresh.id, stop.signal).then(
    () => ready.push(true),
    () => undefined,
  );
  await clock.advance(10_000);
  const is = ready.length > 0;
  stop.abort();
  await clock.settle();
  return is;
}

describe('an instance that nobody can ask whether it is ready', () => {
  it('is ready when it runs, also where nobody says that it does', async () => {
    const rig = world();
    expect(await isReady(rig)).toBe(true);
    const { state: _state, ...silent } = fresh;
    rig.lists(silent);
    expect(await isReady(rig)).toBe(true);
    expect(rig.asked).toEqual([]);
  });

  it.each(['exited', 'stopped', 'starting', 'paused', 'unknown'] as const)('is not while it is %s', async (state) => {
    const rig = world();
    rig.lists({ ...fresh, state });
    expect(await isReady(rig)).toBe(false);
    rig.lists(fresh);
    expect(await isReady(rig)).toBe(true);
  });

  it.each([{ denied: true }, { unaskable: true }])('is not when it has ended and its answer is %o', async (how) => {
    const rig = world({ answer: { outcome: 'unknown', ...how } });
    rig.lists({ ...fresh, endpoint });
    expect(await isReady(rig)).toBe(true);
    rig.lists({ ...fresh, endpoint, state: 'exited' });
    expect(await isReady(rig)).toBe(false);
  });

  it('is ready at once when it is not the current one, of which alone the state is known', async () => {
    const rig = world();
    rig.lists({ ...fresh, id: 'web.1~3', generation: 3, state: 'exited' });
    expect(await isReady(rig)).toBe(true);
  });
});
