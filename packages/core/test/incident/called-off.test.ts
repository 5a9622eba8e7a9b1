import { describe, expect, it } from 'vitest';
import type { IncidentEvent } from '../../src/incident/index.ts';
import { decide } from '../../src/incident/index.ts';
import { nextStep } from '../../src/incident/attempt.ts';
import type { Effect, Incident, Receipt, Step, StepSpec } from '../../src/model/index.ts';
import { facts, openIncident, restart } from './fixtures.ts';

const act = (action: 'respawn' | 'retire' | 'restoreState', on: 'old' | 'new'): StepSpec => ({
  type: 'action',
  action,
  on,
});
const undo = act('retire', 'new');
const steps: readonly Step[] = [
  { id: '1-respawn', spec: act('respawn', 'old'), timeoutMs: 9_000, onFailure: 'fail', undo },
  { id: '2-restore', spec: act('restoreState', 'new'), timeoutMs: 9_000, onFailure: 'fail' },
  { id: '3-retire', spec: act('retire', 'old'), timeoutMs: 9_000, onFailure: 'continue' },
];

const begin = (stepId: string, effect: Effect = restart): IncidentEvent => ({
  type: 'step-started',
  stepId,
  key: stepId,
  effect,
});
const end = (stepId: string, receipt: Partial<Receipt>): IncidentEvent => ({
  type: 'step-finished',
  stepId,
  receipt: { key: stepId, at: 2_100, text: 'x', ...receipt } as Receipt,
});
const refuse = (stepId: string): IncidentEvent => ({
  type: 'step-refused',
  stepId,
  reason: { code: 'hold', text: 'held' },
});

function run(...events: readonly IncidentEvent[]): Incident {
  let incident = openIncident();
  for (const event of [{ type: 'due' } as const, ...events])
    incident = decide(incident, event, facts({ steps })).incident;
  return incident;
}

const respawned = [begin('1-respawn'), end('1-respawn', { result: 'succeeded', instance: { id: 'n', generation: 2 } })];

describe('a step that is called off', () => {
  it('does not come up again when it was begun before a crash and is not allowed any more', () => {
    const incident = run(...respawned, begin('2-restore'), refuse('2-restore'));
    expect(incident).toMatchObject({ state: 'acting', attempt: { failure: { code: 'hold' } } });
    expect(incident.state === 'acting' && nextStep(incident.attempt)?.id).toBe('undo-1-respawn');
  });

  it('ends its attempt when that was all there was', () => {
    expect(run(begin('1-respawn'), refuse('1-respawn'))).toMatchObject({
      state: 'open',
      attempts: [{ verdict: 'superseded', steps: [{ state: 'finished', receipt: { result: 'cancelled' } }, {}, {}] }],
    });
  });

  it('does not take back a recovery that stands without it: the new instance is not ended under a hold', () => {
    const restored = [...respawned, begin('2-restore'), end('2-restore', { result: 'succeeded' })];
    expect(run(...restored, refuse('3-retire')).state).toBe('watching');
    expect(run(...restored, begin('3-retire'), refuse('3-retire')).state).toBe('watching');
  });

  it('ends the attempt also when its undo is not allowed', () => {
    const incident = run(...respawned, begin('2-restore'), refuse('2-restore'));
    const undone = decide(incident, begin('undo-1-respawn'), facts()).incident;
    expect(decide(undone, refuse('undo-1-respawn'), facts()).incident).toMatchObject({
      state: 'open',
      attempts: [{ verdict: 'failed' }],
    });
  });
});

describe('a step that was overtaken', () => {
  it('takes back what its attempt brought', () => {
    const incident = run(...respawned, begin('2-restore'), end('2-restore', { result: 'superseded' }));
    expect(incident.state === 'acting' && nextStep(incident.attempt)?.id).toBe('undo-1-respawn');
  });

  it('keeps no attempt from its watch when it was not needed: who is gone need not be retired', () => {
    const incident = run(
      ...respawned,
      begin('2-restore'),
      end('2-restore', { result: 'succeeded' }),
      begin('3-retire'),
      end('3-retire', { result: 'superseded' }),
    );
    expect(incident.state).toBe('watching');
  });
});
