/**
 * R22. What taught it: on public benchmarks of anomaly detection most alarms are false (ITBench, NAB), and a fleet that
 * was restarted for each of them was down more often than one that was left alone.
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Detector } from '../../src/contracts/index.ts';
import { createGuardRig, FakeOrchestrator, type GuardRig } from '../../src/testing/index.ts';
import { quick } from '../scenarios/rig.ts';

const agents = ['web.1', 'web.2', 'web.3'];
let rig: GuardRig | undefined;

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

/** Finds the figures of one agent unusual from the first of its heartbeats on, as sure as can be. */
const oddOne = (slotOf: (id: string) => number | undefined): Detector => ({
  consumes: ['heartbeat'],
  observe: () => undefined,
  reset: () => undefined,
  evaluate: (due) =>
    due
      .filter((slot) => slot === slotOf('web.2'))
      .map((slot) => ({
        slot,
        suspicions: [
          {
            kind: 'anomaly',
            evidence: 'telemetry',
            implies: 'failed',
            strength: 1,
            text: 'its figures are unlike those of the others',
            signature: 'anomaly',
          },
        ],
      })),
});

async function world(): Promise<{ readonly rig: GuardRig; readonly orchestrator: FakeOrchestrator }> {
  let orchestrator: FakeOrchestrator | undefined;
  rig = await createGuardRig({
    orchestrator: (clock) =>
      (orchestrator = new FakeOrchestrator({
        clock,
        agents: agents.map((id) => ({ id, group: 'web', endpoint: `http://127.0.0.1/${id}` })),
      })),
    agents,
    groupOf: () => 'web',
    detectors: { odd: ({ fleet }) => oddOne((id) => fleet.slotOf(id)) },
    config: {
      ...quick,
      groups: { web: { detectors: ['heartbeat', 'probe', 'lifecycle', 'slo', 'errors', 'world/odd'] } },
    },
  });
  return { rig, orchestrator: orchestrator as FakeOrchestrator };
}

describe('R22: anomaly alone never acts', () => {
  it('is told, weighs three at most, and nothing is done however long it stands', async () => {
    const { rig, orchestrator } = await world();
    await rig.until(async () => (await rig.incidents()).length > 0, 60_000);
    // Long past `silentFor`, after which one kind of evidence alone would allow a restart.
    await rig.clock.advance(600_000);
    expect(orchestrator.executed).toEqual([]);
    const [incident] = await rig.incidents();
    expect(incident).toMatchObject({ agentId: 'web.2', state: 'open', because: { code: 'anomaly-alone' } });
    const anomaly = incident?.assessment?.factors.find(({ name }) => name === 'anomaly');
    expect(anomaly?.share).toBeLessThanOrEqual(3);
    const { wouldChange } = await rig.guard().explain('web.2');
    expect(wouldChange.join()).toContain('Evidence of another kind');
  });

  it('does not make two kinds of evidence out of one', async () => {
    const { rig, orchestrator } = await world();
    await rig.until(async () => (await rig.incidents()).length > 0, 60_000);
    rig.fleet.suffer('web.2', 'deaf');
    const single = async (): Promise<boolean> => (await rig.incidents())[0]?.because.code === 'single-evidence';
    expect(await rig.until(single, 30_000)).toBe(true);
    await rig.clock.advance(40_000);
    expect(orchestrator.executed).toEqual([]);
    // It lifts the severity, and one kind that stays suffices for a restart all the same and for no more.
    expect(await rig.until(() => orchestrator.executed.length > 0, 60_000)).toBe(true);
    expect(orchestrator.executed.map(({ action }) => action.kind)).toEqual(['restart']);
  });

  it('keeps nobody from healing what has really failed', async () => {
    const { rig, orchestrator } = await world();
    await rig.until(async () => (await rig.incidents()).length > 0, 60_000);
    orchestrator.crash('web.2');
    expect(await rig.until(() => orchestrator.executed.length > 0, 30_000)).toBe(true);
    expect(othersAreHealthy(rig)).toBe(true);
  });
});

function othersAreHealthy(one: GuardRig): boolean {
  const { items } = one.guard().agents.list();
  return items.filter(({ agent }) => agent.id !== 'web.2').every(({ health }) => health === 'healthy');
}
