import type { DetectionResult } from '../detection/index.ts';
import type { EventBus } from '../runtime/index.ts';
import { finishedStep } from './incidents/audited.ts';
import type { IncidentChange } from './incidents/incident-change.ts';

/** Lines that say why nothing is done now. */
const tellsOfNotActing: ReadonlySet<string> = new Set(['waiting', 'would-have', 'escalated', 'held']);

const approvalDecisions: { readonly [code: string]: 'approved' | 'rejected' | 'expired' } = {
  'approval-granted': 'approved',
  'approval-rejected': 'rejected',
  'approval-expired': 'expired',
};

/** Tells listeners which suspicions came and went. */
export function announceFindings(bus: EventBus, { raised, cleared }: DetectionResult): void {
  for (const finding of raised) bus.emit('finding.raised', { finding });
  for (const { agentId, findingId } of cleared) bus.emit('finding.cleared', { agentId, findingId });
}

/** Tells listeners what a stored change of an incident was: a decision, an approval, a step that ended. */
export function announceChange(bus: EventBus, change: IncidentChange): void {
  const { incident, before, entry } = change;
  if (!before) bus.emit('incident.opened', { incident });
  bus.emit('incident.changed', { incident, entry });
  const about = { incidentId: incident.id, agentId: incident.agentId };
  const acts = incident.state === 'acting' && before?.state !== 'acting';
  if (acts || tellsOfNotActing.has(entry.type)) bus.emit('decision.made', { ...about, acts, reason: entry.reason });
  if (entry.type === 'approval-requested' && incident.state === 'awaiting-approval') {
    const { planHash, expiresAt } = incident.approval;
    bus.emit('approval.requested', { ...about, planHash, expiresAt });
  }
  const decision = approvalDecisions[entry.reason.code];
  const by = entry.data?.['by'];
  if (decision) bus.emit('approval.decided', { ...about, decision, by: typeof by === 'string' ? by : 'nobody' });
  if (change.promoted) {
    const { to, epoch } = change.promoted;
    bus.emit('failover.completed', { ...about, group: incident.group, to, epoch });
  }
  const step = finishedStep(change);
  if (step) bus.emit('step.finished', { ...about, stepId: step.id, receipt: step.receipt });
}
