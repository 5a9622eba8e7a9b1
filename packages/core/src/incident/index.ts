/**
 * The pure reducer of incidents: `decide(incident, event, facts)`. Knows nothing of clocks, stores or orchestrators.
 */
export { decide } from './decide.ts';
export type { DecideFacts, Decided, IncidentEvent } from './event.ts';
export { approvalTerms } from './approval.ts';
export { approvalDue, escalationDue } from './reminders.ts';
export { leftoversOf } from './leftovers.ts';
export { isIsolated } from './containment.ts';
export { hasActed, nextStep, stepById } from './attempt.ts';
