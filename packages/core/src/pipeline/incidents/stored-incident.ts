import { overlay } from '../../config/plain.ts';
import type { Incident, Json, Policy } from '../../model/index.ts';

/**
 * An incident as it was stored, perhaps by an older guard whose policies had fewer settings. What it was opened under
 * holds (R28); what nobody had thought of then is as it would be now.
 */
export function incidentFrom(stored: Json, policyOf: (incident: Incident) => Policy): Incident {
  const incident = stored as unknown as Incident;
  return { ...incident, policy: overlay(policyOf(incident), incident.policy) };
}
