import { describe, expect, it } from 'vitest';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { fakeWorld, healthy, quick, resolved } from './rig.ts';

const id = 'web.2';

/** As in a container whose network the guard is not in, and of which no label names a port. */
describe('an agent that sends heartbeats and names an address that only it knows', () => {
  it('is healthy, and nothing is done to it', async () => {
    const { rig, executed } = await fakeWorld();
    rig.fleet.suffer(id, 'foreign', 99);
    expect(await healthy(rig)).toBe(true);
    await rig.clock.advance(300_000);
    expect([executed, await rig.incidents()]).toEqual([[], []]);
    expect(
      rig
        .guard()
        .agents.get(id)
        .remarks?.map(({ code }) => code),
    ).toEqual(['endpoint-denied']);
    await rig.stop();
  });

  it('is ready when it runs, since nobody can ask it, and is healed when its heartbeats come', async () => {
    const { rig, executed, kill } = await fakeWorld();
    rig.fleet.suffer(id, 'foreign', 99);
    await healthy(rig);
    kill(id);
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed', attempts: [{ verdict: 'healed' }] });
    expect(executed).toHaveLength(1);
    await rig.stop();
  });
});

describe('an agent whose readiness cannot be asked, because no such program is in its container', () => {
  const readiness = { type: 'command', command: ['/no/such/program'], every: '2s', timeout: '1s' };

  async function world() {
    let orchestrator: FakeOrchestrator | undefined;
    const rig = await createGuardRig({
      orchestrator: (clock) =>
        (orchestrator = new FakeOrchestrator({
          clock,
          agents: [{ id, group: 'web', endpoint: `http://127.0.0.1/${id}` }],
        })),
      agents: [id],
      groupOf: () => 'web',
      config: { ...quick, probes: { ...quick.probes, readiness } },
    });
    const made = orchestrator as FakeOrchestrator;
    made.onExec = () => ({ exitCode: 127 });
    await healthy(rig);
    return { rig, kill: () => made.crash(id, { exitCode: 1 }) };
  }

  it('is ready when it is alive', async () => {
    const { rig, kill } = await world();
    kill();
    expect(await resolved(rig)).toMatchObject({ outcome: 'healed', attempts: [{ verdict: 'healed' }] });
    await rig.stop();
  });

  it('is not when it is not', async () => {
    const { rig, kill } = await world();
    rig.fleet.suffer(id, 'deaf', 1);
    kill();
    await rig.until(async () => (await rig.incidents())[0]?.attempts[0]?.verdict === 'failed', 120_000);
    const [failed] = (await rig.incidents())[0]?.attempts ?? [];
    expect(failed?.failure).toMatchObject({
      code: 'step-failed',
      text: expect.stringContaining('await-ready') as string,
    });
    await rig.stop();
  });
});
