import type { IncidentFacts } from '../../contracts/index.ts';
import { planHash as planHashOf } from '../../decision/plan-hash.ts';
import type { Capability, Decision, GatePolicy, Incident, Instance, Plan, Rung, Step } from '../../model/index.ts';
import { currentAttempt } from '../../model/index.ts';
import { stepsFor } from '../../recovery/genesis.ts';

/** A person is not called sooner, and on no less evidence, than a restart would be allowed for an agent that can be acted on. */
export function rungOfNobody(proposal: Decision<Plan>): Rung | undefined {
  return !proposal.act && proposal.reason.code === 'no-orchestrator' ? 'restart' : undefined;
}

export function planInHand(incident: Incident): Plan | undefined {
  if (incident.state === 'awaiting-approval') return incident.approval.plan;
  return incident.requested?.plan;
}

/** What heals nothing and destroys nothing waits for no second kind of evidence and is charged to no budget. */
export function isContainment(plan: Plan | undefined): boolean {
  return plan?.contain !== undefined;
}

export function stepsNow(
  incident: Incident,
  facts: IncidentFacts,
  of: { readonly plan: Plan | undefined; readonly can: readonly Capability[] },
): readonly Step[] {
  const { plan, can } = of;
  return stepsInHand(incident) ?? (plan ? stepsFor(plan, can, drainMs(incident, facts, plan.rung)) : []);
}

/** What people are asked about is what will be done, step by step; it is not planned anew when they have answered. */
function stepsInHand(incident: Incident): readonly Step[] | undefined {
  return incident.state === 'awaiting-approval' ? incident.approval.steps : undefined;
}

export function hashOf(
  { id, configVersion }: Incident,
  of: { readonly plan: Plan | undefined; readonly steps: readonly Step[]; readonly instance: Instance | undefined },
): string {
  const { plan, steps, instance } = of;
  return plan ? planHashOf({ incidentId: id, instanceId: instance?.id, plan, steps, configVersion }) : '';
}

/** A person asked for what is under way, by an order or an approval. */
export function isOrdered(incident: Incident): boolean {
  if (incident.requested) return true;
  return incident.state === 'acting' && incident.attempt.orderedBy !== undefined;
}

/** An agent that has failed cannot finish what it has: it is not asked to. */
function drainMs({ policy: { ladder } }: Incident, { health }: IncidentFacts, rung: Rung): number {
  if (health === 'failed') return 0;
  return (rung === 'escalate' ? undefined : ladder[rung].drainMs) ?? ladder.drainMs;
}

/** The pause after the rung that is under way: its own, else the gate's. */
export function backoffOf(incident: Incident): GatePolicy['backoff'] {
  const { ladder, gate } = incident.policy;
  const rung = currentAttempt(incident)?.plan.rung ?? 'escalate';
  return { ...gate.backoff, ...(rung === 'escalate' ? {} : ladder[rung].backoff) };
}
