import type { Attempt } from './incident.ts';
import type { LadderPolicy } from './policy.ts';

/** Checkpoints that were handed to instances of these attempts, whether or not they took them. */
export function restoredCheckpoints(attempts: readonly Attempt[]): readonly string[] {
  const ids = attempts.flatMap(({ steps }) =>
    steps.flatMap((step) =>
      step.state === 'finished' && step.effect.type === 'restore' ? [step.effect.checkpointId] : [],
    ),
  );
  return [...new Set(ids)];
}

/**
 * Whether a respawn that did not heal leaves an alternative: state was restored into it, so that the state may be at
 * fault, and no alternative was tried yet (ADR 0009).
 */
export function leavesAlternative(attempt: Attempt, { respawn }: Pick<LadderPolicy, 'respawn'>): boolean {
  const { rung, variant } = attempt.plan;
  if (rung !== 'respawn' || variant !== undefined || respawn.alternative === 'none') return false;
  return restoredCheckpoints([attempt]).length > 0;
}
