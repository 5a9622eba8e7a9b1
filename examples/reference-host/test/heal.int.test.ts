import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { TestHost } from './config.ts';
import { createTestHost } from './config.ts';
import type { IncidentLine } from './host.ts';
import { RunningHost } from './host.ts';

let folder: TestHost;
let host: RunningHost;

beforeAll(async () => {
  folder = await createTestHost();
  host = new RunningHost(folder);
  await host.start();
  await host.healthy(5);
});

afterAll(async () => {
  await host.stop();
  folder.remove();
});

/** The agent's newest incident, resolved, with the whole fleet well again. */
async function healed(agentId: string): Promise<IncidentLine> {
  let incident: IncidentLine | undefined;
  await host.until(
    `the incident of ${agentId} is resolved`,
    async () => {
      incident = (await host.incidents()).find((one) => one.agentId === agentId);
      return incident?.state === 'resolved';
    },
    90_000,
  );
  await host.healthy(5);
  return incident as IncidentLine;
}

/** Every line says in a sentence why, and the story goes from suspicion to resolution. */
async function expectExplained(incident: IncidentLine): Promise<void> {
  const lines = await host.timeline(incident.id);
  expect(lines[0]?.type).toBe('opened');
  expect(lines.at(-1)).toMatchObject({ type: 'resolved', reason: { code: 'watch-passed' } });
  const types = lines.map((line) => line.type);
  for (const type of ['attempt-started', 'step-started', 'step-finished', 'watch-started', 'watch-check'])
    expect(types).toContain(type);
  for (const line of lines) expect(line.reason.text.length).toBeGreaterThan(10);
  expect((await host.explain(incident.id)).summary).toContain(incident.agentId);
}

describe('the reference host heals', () => {
  it('a killed agent: exit, failed, severity 2, restart', async () => {
    process.kill(await host.pidOf('workers.1'), 'SIGKILL');
    const incident = await healed('workers.1');
    expect(incident).toMatchObject({
      outcome: 'healed',
      assessment: { severity: 2 },
      attempts: [{ plan: { rung: 'restart' }, verdict: 'healed' }],
    });
    await expectExplained(incident);
  });

  it('a hung agent: heartbeat and probe, failed, severity 3, restart', async () => {
    process.kill(await host.pidOf('workers.2'), 'SIGSTOP');
    const incident = await healed('workers.2');
    expect(incident).toMatchObject({
      outcome: 'healed',
      assessment: { severity: 3 },
      attempts: [{ plan: { rung: 'restart' }, verdict: 'healed' }],
    });
    await expectExplained(incident);
  });

  it('an agent whose every request fails: telemetry and errors, degraded, severity 4, recreate and restore', async () => {
    await host.break('workers.3', { kind: 'errors' });
    const incident = await healed('workers.3');
    expect(incident).toMatchObject({
      outcome: 'healed',
      assessment: { severity: 4 },
      attempts: [{ plan: { rung: 'recreate' }, verdict: 'healed' }],
    });
    const restore = incident.attempts[0]?.steps.find((step) => step.id.endsWith('restore'));
    expect(restore?.state).toBe('finished');
    await expectExplained(incident);
  });

  it('a slow agent: telemetry and measured latency, no progress, degraded, severity 3, restart', async () => {
    await host.break('planners.1', { kind: 'slow', delayMs: 700 });
    const incident = await healed('planners.1');
    expect(incident).toMatchObject({
      outcome: 'healed',
      assessment: { severity: 3 },
      attempts: [{ plan: { rung: 'restart' }, verdict: 'healed' }],
    });
    await expectExplained(incident);
  });

  it('a silent agent that answers: degraded and a notice, a restart only after silentFor', async () => {
    await host.break('planners.2', { kind: 'silent' });
    await host.until('it is degraded', async () => (await host.agent('planners.2')).health === 'degraded');
    const incident = await healed('planners.2');
    expect(incident).toMatchObject({ outcome: 'healed', attempts: [{ plan: { rung: 'restart' }, verdict: 'healed' }] });
    const codes = (await host.timeline(incident.id)).map((line) => line.reason.code);
    expect(codes).toContain('silent-but-answering');
    await expectExplained(incident);
  });

  it('routes around an agent while it is repaired', async () => {
    process.kill(await host.pidOf('planners.1'), 'SIGKILL');
    await host.until(
      'it is out of the routes',
      async () => !(await host.routes('planners')).some(({ agentId }) => agentId === 'planners.1'),
    );
    await healed('planners.1');
    expect((await host.routes('planners')).map(({ agentId }) => agentId)).toEqual(['planners.1', 'planners.2']);
  });
});
