import { describe, expect, it } from 'vitest';
import type { Attempt, StepRecord, StepSpec } from '../model/index.ts';
import type { Decided } from './event.ts';
import { leaveBehind } from './leftovers.ts';

const stepOf = (id: string, spec: StepSpec): StepRecord => ({
  id,
  spec,
  timeoutMs: 1_000,
  onFailure: 'continue',
  state: 'planned',
});
const undo = stepOf('undo-3-respawn', { type: 'action', action: 'retire', on: 'new' });
const reason = { code: 'step-failed', text: 'It was refused.' } as const;

/** Who is left behind when the way back of an attempt with these steps is refused. */
function leftBy(steps: readonly StepRecord[]): readonly string[] {
  const attempt = {
    instance: { id: 'web~1', generation: 1 },
    replacement: { id: 'web~2', generation: 2 },
    steps: [...steps, undo],
  } as unknown as Attempt;
  const decided = { incident: { changedAt: 1 } } as unknown as Decided;
  const { leftovers = [] } = leaveBehind(decided, attempt, undo, reason).incident;
  return leftovers.map(({ instance }) => instance.id);
}

describe('a new instance that could not be taken back', () => {
  it('is left behind where the old one runs beside it', () => {
    const respawn = stepOf('3-respawn', { type: 'action', action: 'respawn', on: 'old' });
    const retire = stepOf('5-retire', { type: 'action', action: 'retire', on: 'old' });
    expect(leftBy([respawn, retire])).toEqual(['web~2']);
  });

  it('is the agent where it was put in the place of the old one', () => {
    expect(leftBy([stepOf('3-recreate', { type: 'action', action: 'recreate', on: 'old' })])).toEqual([]);
  });
});
