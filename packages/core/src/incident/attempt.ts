import type { Attempt, Effect, EpochMs, Instance, Plan, Reason, Receipt, Step, StepRecord } from '../model/index.ts';

/** A new attempt with all its steps planned. */
export function beginAttempt(input: {
  readonly number: number;
  readonly plan: Plan;
  readonly severity: number;
  readonly steps: readonly Step[];
  readonly now: EpochMs;
  readonly instance?: Instance | undefined;
  readonly orderedBy?: string | undefined;
  readonly proven: boolean;
  readonly signature?: string | undefined;
  readonly canary?: number | undefined;
  readonly approval?: Attempt['approval'] | undefined;
}): Attempt {
  const { number, plan, severity, steps, now, instance, orderedBy, proven, approval } = input;
  return {
    number,
    plan,
    severity,
    steps: steps.map((step) => ({ ...step, state: 'planned' })),
    startedAt: now,
    proven,
    ...(input.signature === undefined ? {} : { signature: input.signature }),
    ...(instance ? { instance } : {}),
    ...(orderedBy === undefined ? {} : { orderedBy }),
    ...(input.canary === undefined ? {} : { canary: input.canary }),
    ...(approval ? { approval } : {}),
  };
}

/** The step that comes next, or `undefined` when all are done. A started step has to be finished first. */
export function nextStep(attempt: Attempt): StepRecord | undefined {
  return (
    attempt.steps.find((step) => step.state === 'started') ?? attempt.steps.find((step) => step.state === 'planned')
  );
}

export function stepById(attempt: Attempt, stepId: string): StepRecord | undefined {
  return attempt.steps.find((step) => step.id === stepId);
}

/** The attempt with one step replaced. */
export function withStep(attempt: Attempt, stepId: string, change: (step: StepRecord) => StepRecord): Attempt {
  return { ...attempt, steps: attempt.steps.map((step) => (step.id === stepId ? change(step) : step)) };
}

/** Whether something was done to infrastructure that cannot be taken back by stopping now. */
export function hasActed(attempt: Attempt): boolean {
  return attempt.steps.some(
    (step) => step.state === 'finished' && changes.has(step.effect.type) && step.receipt.result === 'succeeded',
  );
}

const changes: ReadonlySet<Effect['type']> = new Set(['action', 'promote']);

/** A receipt's new instance becomes the attempt's replacement. */
export function withReceipt(attempt: Attempt, stepId: string, receipt: Receipt): Attempt {
  const changed = withStep(attempt, stepId, (step) =>
    step.state === 'started' ? { ...step, state: 'finished', receipt } : step,
  );
  return receipt.result === 'succeeded' && receipt.instance ? { ...changed, replacement: receipt.instance } : changed;
}

/**
 * After a step failed for good: what was still planned is skipped, and what the finished steps have as undo is
 * planned in reverse order. Without anything to undo the attempt has no step left.
 */
export function failing(attempt: Attempt, why: Reason): Attempt {
  if (attempt.failure) return attempt;
  const undo: StepRecord[] = attempt.steps
    .filter((step) => step.undo && step.state === 'finished' && step.receipt.result === 'succeeded')
    .reverse()
    .map((step) => ({
      id: `undo-${step.id}`,
      spec: step.undo as NonNullable<Step['undo']>,
      timeoutMs: step.timeoutMs,
      onFailure: 'continue',
      state: 'planned',
    }));
  const steps = attempt.steps.map((step): StepRecord =>
    step.state === 'planned' ? { ...step, state: 'skipped', reason: why } : step,
  );
  return { ...attempt, steps: [...steps, ...undo], failure: why };
}

/** The attempt, ended. */
export function endAttempt(attempt: Attempt, now: EpochMs, verdict: NonNullable<Attempt['verdict']>): Attempt {
  return { ...attempt, endedAt: now, verdict };
}
