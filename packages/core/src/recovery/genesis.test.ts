import { describe, expect, it } from 'vitest';
import type { ActionKind, Capability, Plan } from '../model/index.ts';
import { stepsFor } from './genesis.ts';

const plan = (rung: 'recreate' | 'respawn', more: Partial<Plan> = {}): Plan => ({
  rung,
  skipped: [],
  restoreState: true,
  graceMs: 1_000,
  timeoutMs: 10_000,
  recommendedAction: rung,
  ...more,
});
const able = (action: ActionKind, more: Partial<Capability> = {}): Capability => ({
  action,
  destructive: true,
  scope: 'instance',
  idempotent: true,
  ...more,
});
const modes = ['beside', 'in-place'] as const;

/** The steps that act on instances, with what undoes them. */
const acts = (of: Plan, can: readonly Capability[]): readonly string[] =>
  stepsFor(of, can, 0).flatMap(({ spec, undo }) => {
    if (spec.type !== 'action') return [];
    const back = undo?.type === 'action' ? ` or ${undo.action} ${undo.on}` : '';
    return [`${spec.action} ${spec.on}${back}`];
  });

describe('what is done when a later step fails', () => {
  it.each<[string, Plan, readonly Capability[], readonly string[]]>([
    [
      'a recreate is taken back where what was replaced is kept',
      plan('recreate'),
      [able('recreate', { keepsOld: true }), able('retire')],
      ['recreate old or retire new', 'restoreState new'],
    ],
    [
      'a recreate stands where nothing is kept',
      plan('recreate'),
      [able('recreate'), able('retire')],
      ['recreate old', 'restoreState new'],
    ],
    [
      'a recreate stands where nothing can be retired',
      plan('recreate'),
      [able('recreate', { keepsOld: true })],
      ['recreate old', 'restoreState new'],
    ],
    [
      'a respawn beside is taken back; else the old instance goes last',
      plan('respawn', { mode: 'beside' }),
      [able('respawn', { respawn: modes }), able('retire')],
      ['respawn old or retire new', 'restoreState new', 'retire old'],
    ],
    [
      'a respawn in place is taken back where what was replaced is kept',
      plan('respawn', { mode: 'in-place' }),
      [able('respawn', { respawn: modes, keepsOld: true }), able('retire')],
      ['respawn old or retire new', 'restoreState new'],
    ],
    [
      'a respawn in place stands where nothing is kept',
      plan('respawn', { mode: 'in-place' }),
      [able('respawn', { respawn: modes }), able('retire')],
      ['respawn old', 'restoreState new'],
    ],
    [
      'nothing is retired beside where the orchestrator only knows in place',
      plan('respawn', { mode: 'beside' }),
      [able('respawn', { respawn: ['in-place'] }), able('retire')],
      ['respawn old', 'restoreState new'],
    ],
  ])('%s', (_what, of, can, expected) => {
    expect(acts(of, can)).toEqual(expected);
  });
});
