import type { IncidentEvent } from '../../incident/index.ts';
import { approvalDue, escalationDue } from '../../incident/index.ts';
import type { EpochMs, Incident, Ms } from '../../model/index.ts';

/** A person whom no notifier reached is tried to be told again this often. */
const remindMs: Ms = 3_600_000;

/** When an incident is to be looked at again by itself, and what happens then. */
export function alarmOf(
  incident: Incident,
  now: EpochMs,
): { readonly at: EpochMs; readonly event: IncidentEvent } | undefined {
  switch (incident.state) {
    case 'open':
      return { at: incident.nextAt, event: { type: 'due' } };
    case 'awaiting-approval':
      return { at: approvalDue(incident), event: { type: 'due' } };
    case 'held': {
      // Looked at sooner while it seems to be over.
      const seemsOver = incident.findings.length === 0 && incident.health === 'healthy';
      const at = seemsOver ? Math.min(incident.until, now + incident.policy.watch.everyMs) : incident.until;
      return { at, event: { type: 'due' } };
    }
    case 'watching':
      return {
        at: Math.min(now + incident.policy.watch.everyMs, Math.max(incident.watch.until, now + 50)),
        event: { type: 'watch-check' },
      };
    case 'escalated': {
      // Who was not told is told again, until somebody is.
      const past = Math.floor((now - incident.escalatedAt) / remindMs) + 1;
      const at = incident.told ? escalationDue(incident) : incident.escalatedAt + past * remindMs;
      return Number.isFinite(at) ? { at, event: { type: 'due' } } : undefined;
    }
    default:
      return undefined;
  }
}
