/**
 * R21. The incident that taught it: an auto-healer restarted containers so fast that nobody ever saw why they had failed;
 * the logs went with them (autoheal#81).
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { EvidenceItem, Orchestrator } from '../../src/contracts/index.ts';
import type { Incident, StepRecord } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { healthy, quick, resolved } from '../scenarios/rig.ts';

const id = 'web.2';
let rig: GuardRig | undefined;

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

/** A world whose evidence is what `given` says; `log` notes in which order it was asked and acted on. */
async function world(given: () => Promise<readonly EvidenceItem[]>, config: object = {}) {
  const log: string[] = [];
  let fake: FakeOrchestrator | undefined;
  const made = await createGuardRig({
    orchestrator: (clock) => {
      const agents = [1, 2, 3].map((n) => ({ id: `web.${n}`, group: 'web', endpoint: `http://127.0.0.1/web.${n}` }));
      fake = new FakeOrchestrator({ clock, agents });
      const inner = fake;
      const execute = inner.execute.bind(inner);
      inner.execute = (...args: Parameters<Orchestrator['execute']>) => {
        log.push(args[0].action.kind);
        return execute(...args);
      };
      inner.evidence = () => {
        log.push('evidence');
        return given();
      };
      return inner;
    },
    agents: ['web.1', 'web.2', 'web.3'],
    groupOf: () => 'web',
    config: { ...quick, ...config },
  });
  rig = made;
  await healthy(made);
  return { rig: made, log, kill: () => fake?.crash(id, { exitCode: 1 }) };
}

function evidenceOf(incident: Incident): Extract<StepRecord, { state: 'finished' }> | undefined {
  const step = incident.attempts[0]?.steps.find(({ spec }) => spec.type === 'evidence');
  return step?.state === 'finished' ? step : undefined;
}

describe('R21: evidence before action', () => {
  it('captures what the instance has to say before anything ends it, and keeps it with the incident', async () => {
    const { rig, log, kill } = await world(async () => [{ label: 'log', text: 'panic: disk full' }]);
    kill();
    const incident = await resolved(rig);
    expect(log).toEqual(['evidence', 'restart']);
    expect(evidenceOf(incident)?.receipt).toMatchObject({
      data: { evidence: [{ label: 'log', text: 'panic: disk full' }], metrics: { p95_latency_ms: expect.any(Number) } },
    });
  });

  it('captures it before every rung, also of the instance that was just brought', async () => {
    const { rig, log } = await world(async () => []);
    rig.fleet.suffer(id, 'hang', 2);
    await resolved(rig, 600_000);
    expect(log).toEqual(['evidence', 'restart', 'evidence', 'recreate', 'evidence', 'respawn', 'retire']);
  });

  it('keeps no secret of it', async () => {
    const text = 'login with password=hunter2 and Authorization: Bearer abc.def.ghi failed';
    const { rig, kill } = await world(async () => [{ label: 'log', text }]);
    kill();
    const incident = await resolved(rig);
    const kept = JSON.stringify(evidenceOf(incident));
    expect(kept).toContain('failed');
    expect(kept).not.toContain('hunter2');
    expect(kept).not.toContain('abc.def.ghi');
    expect(JSON.stringify(await rig.timeline(incident))).not.toContain('hunter2');
    expect(JSON.stringify(rig.events)).not.toContain('hunter2');
  });

  it('keeps a bounded part of it: the end of eight pieces', async () => {
    const { rig, kill } = await world(async () =>
      Array.from({ length: 50 }, (_, at) => ({ label: `log ${at}`, text: `${'x'.repeat(100_000)}the end` })),
    );
    kill();
    const receipt = evidenceOf(await resolved(rig))?.receipt;
    const data = receipt?.result === 'succeeded' ? receipt.data : undefined;
    const items = data?.['evidence'] as unknown as readonly EvidenceItem[];
    expect(items).toHaveLength(8);
    expect(items.every(({ text }) => text.length <= 4_096 && text.endsWith('the end'))).toBe(true);
  });

  it.each([
    ['refuses', () => Promise.reject(new TypeError('no logs here'))],
    ['never answers', () => new Promise<never>(() => undefined)],
  ])('heals all the same, and says so, when the orchestrator %s', async (_name, given) => {
    const { rig, log, kill } = await world(given);
    kill();
    const incident = await resolved(rig);
    expect(incident).toMatchObject({ outcome: 'healed' });
    expect(log).toEqual(['evidence', 'restart']);
    expect(evidenceOf(incident)?.receipt).toMatchObject({ result: 'failed' });
  });

  it('captures it also before an agent is only isolated', async () => {
    const rules = [{ when: 'finding.kind == "exited"', set: 'securityIncident', reason: 'it may be an intruder' }];
    const { rig, log, kill } = await world(async () => [], { severity: { rules } });
    kill();
    await rig.until(async () => (await rig.incidents())[0]?.state === 'awaiting-approval', 60_000);
    expect(log).toEqual(['evidence', 'isolate']);
  });
});
