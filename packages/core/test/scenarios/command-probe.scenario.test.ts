import { describe, expect, it } from 'vitest';
import { createGuardRig, FakeOrchestrator, type GuardRig } from '../../src/testing/index.ts';
import { healthy, quick, resolved } from './rig.ts';

interface Commanded {
  readonly rig: GuardRig;
  readonly orchestrator: FakeOrchestrator;
}

/** Agents without an HTTP side: alive as long as the command says so. */
async function commanded(make: (orchestrator: FakeOrchestrator) => void = () => undefined): Promise<Commanded> {
  let made: FakeOrchestrator | undefined;
  const agents = ['web.1', 'web.2'];
  const rig = await createGuardRig({
    orchestrator: (clock) => {
      made = new FakeOrchestrator({
        clock,
        agents: agents.map((id) => ({ id, group: 'web' })),
        takesMs: { restart: 300 },
      });
      make(made);
      return made;
    },
    agents,
    groupOf: () => 'web',
    // The guard hears of them by the command alone.
    heartbeatMs: 0,
    config: {
      ...quick,
      probes: { ...quick.probes, liveness: { ...quick.probes.liveness, type: 'command', command: ['alive'] } },
    },
  });
  return { rig, orchestrator: made as FakeOrchestrator };
}

describe('an agent that is asked by a command', () => {
  it('is healthy by its word alone, and restarted when the command fails for long', async () => {
    const { rig, orchestrator } = await commanded();
    expect(await healthy(rig)).toBe(true);
    const sick = orchestrator.current('web.2').id;
    orchestrator.onExec = (agentId) => ({
      exitCode: agentId === 'web.2' && orchestrator.current('web.2').id === sick ? 1 : 0,
    });
    const incident = await resolved(rig);
    expect(incident).toMatchObject({ agentId: 'web.2', state: 'resolved', outcome: 'healed' });
    expect(incident.attempts.map(({ plan }) => plan.rung)).toEqual(['restart']);
    await rig.stop();
  });

  it('is left alone where its orchestrator cannot run commands, and its status says so', async () => {
    const { rig, orchestrator } = await commanded((fake) => {
      Object.defineProperty(fake, 'exec', { value: undefined });
    });
    await rig.clock.advance(180_000);
    expect(rig.guard().status().settled).toBe(true);
    expect(rig.guard().agents.get('web.1').remarks).toMatchObject([{ code: 'probe-unaskable' }]);
    expect(await rig.incidents()).toEqual([]);
    expect(orchestrator.executed).toEqual([]);
    expect(rig.log.entries.filter(({ message }) => message.includes('command probe cannot be asked'))).toHaveLength(1);
    await rig.stop();
  });
});
