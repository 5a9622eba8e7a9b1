import { describe, expect, it } from 'vitest';
import { ApprovalSigner } from '../../src/decision/approval-signer.ts';
import { decide, type IncidentEvent } from '../../src/incident/index.ts';
import type { Incident } from '../../src/model/index.ts';
import { ApprovalDesk } from '../../src/pipeline/approvals/approval-desk.ts';
import { seededRandom } from '../../src/runtime/index.ts';
import { createVirtualClock } from '../../src/testing/index.ts';
import { facts, openIncident, plan } from './fixtures.ts';

/** Plan A waits; before the answer to it has its turn, the agent recovers, fails again, and plan B waits (R24). */
const needsApproval = { code: 'approval-required', text: 'critical' } as const;
const askingFor = (planHash: string): ReturnType<typeof facts> =>
  facts({
    planHash,
    proposal: { act: true, value: { ...plan, needsApproval }, reason: { code: 'rung-chosen', text: 'x' } },
  });
const waitingFor = (planHash: string): Incident =>
  decide(openIncident(), { type: 'due' }, askingFor(planHash)).incident;

const yes = { type: 'approved', by: 'ann', seal: 'of ann' } as const;
const no = { type: 'rejected', by: 'ann' } as const;

describe.each([
  ['a yes', yes],
  ['a no', no],
])('%s', (_which, answer) => {
  it('to one plan is none to the plan that waits instead', () => {
    const waiting = waitingFor('B');
    expect(decide(waiting, { ...answer, planHash: 'A' }, askingFor('B')).incident).toBe(waiting);
    expect(decide(waiting, { ...answer, planHash: 'B' }, askingFor('B')).incident).not.toBe(waiting);
  });

  it('of an older recording, which does not name its plan, counts for the one that waits', () => {
    expect(decide(waitingFor('B'), answer, askingFor('B')).incident.state).not.toBe('awaiting-approval');
  });
});

describe('whoever answers a plan that is overtaken by another', () => {
  const clock = createVirtualClock();
  const random = seededRandom(1, clock);
  const signer = new ApprovalSigner();
  signer.open(new Uint8Array(32).fill(1));

  it.each(['approve', 'reject'] as const)('is told that the answer does not count: %s', async (answer) => {
    let incident = waitingFor('A');
    const desk = new ApprovalDesk({
      signer,
      clock,
      random,
      incident: () => incident,
      apply: async (_id, event: IncidentEvent) => {
        incident = decide(waitingFor('B'), event, askingFor('B')).incident;
        return incident;
      },
    });
    await expect(desk[answer](incident.id, { by: 'ann', planHash: 'A' })).rejects.toMatchObject({
      code: 'GUARD_APPROVAL_STALE',
      message: expect.stringContaining('it was for plan A…, and B… waits.'),
    });
    expect(incident).toMatchObject({ state: 'awaiting-approval', approval: { planHash: 'B', votes: [] } });
  });

  it('with a no is told so too when nothing waits any more', async () => {
    const desk = new ApprovalDesk({
      signer,
      clock,
      random,
      incident: () => waitingFor('A'),
      apply: async () => openIncident(),
    });
    await expect(desk.reject('inc_1', { by: 'ann' })).rejects.toMatchObject({ code: 'GUARD_APPROVAL_STALE' });
  });
});
