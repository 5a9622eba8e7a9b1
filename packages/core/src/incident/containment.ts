import type { Attempt, Incident, InstanceId, Plan, Reason, Step } from '../model/index.ts';
import { beginAttempt } from './attempt.ts';
import type { DecideFacts, Decided } from './event.ts';
import { move } from './move.ts';

/** The instance the guard isolated during the incident and has not brought back; it need not be the current one. */
function isolatedInstance({ attempts }: Pick<Incident, 'attempts'>): InstanceId | undefined {
  let isolated: InstanceId | undefined;
  for (const { steps } of attempts) {
    for (const step of steps) {
      if (step.state !== 'finished' || step.effect.type !== 'action' || step.receipt.result !== 'succeeded') continue;
      const { action } = step.effect.intent;
      if (action.kind === 'isolate') isolated = action.instanceId;
      if (action.kind === 'reinstate' && action.instanceId === isolated) isolated = undefined;
    }
  }
  return isolated;
}

/** The current instance is out of reach by the guard's own doing. */
export function isIsolated(
  incident: Pick<Incident, 'attempts'>,
  instance: { readonly id: InstanceId } | undefined,
): boolean {
  return instance !== undefined && isolatedInstance(incident) === instance.id;
}

/** A security incident stands until a person says otherwise, however sound the agent looks. */
export function isSecurityIncident({ attempts, assessment }: Pick<Incident, 'attempts' | 'assessment'>): boolean {
  const contained = attempts.findLastIndex(({ plan }) => plan.contain?.for === 'security');
  const decided = attempts.findLastIndex(
    // Who leads the group is another question than whether the agent is clean.
    ({ plan, orderedBy }) =>
      orderedBy !== undefined && plan.contain?.for !== 'security' && plan.contain?.for !== 'failover',
  );
  // One that was not isolated, as the last of its group, stands all the same.
  if (contained < 0 && decided < 0) return assessment?.securityIncident === true;
  return contained > decided;
}

/** Begins an attempt that heals nothing. It takes nothing from the budgets, unless it makes a fresh instance. */
export function contain(
  incident: Incident,
  facts: DecideFacts,
  of: {
    readonly plan: Plan;
    readonly steps: readonly Step[];
    readonly reason: Reason;
    readonly by?: string | undefined;
    readonly approval?: Attempt['approval'];
  },
): Decided {
  const { plan, steps, reason, by, approval } = of;
  const attempt: Attempt = beginAttempt({
    number: incident.attempts.length + 1,
    plan,
    severity: facts.assessment.severity,
    steps,
    now: facts.now,
    instance: facts.instance,
    orderedBy: by,
    approval,
    proven: false,
  });
  return move(incident, facts, {
    to: { state: 'acting', attempt },
    set: { assessment: facts.assessment, health: facts.health, findings: facts.findings },
    drop: ['requested'],
    type: 'attempt-started',
    reason,
    data: { attempt: attempt.number, contain: plan.contain?.for ?? '', severity: facts.assessment.severity },
    begins: plan.rung !== 'escalate',
  });
}
