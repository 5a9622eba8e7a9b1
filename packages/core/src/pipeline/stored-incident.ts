import type { Incident, Json, Policy } from '../model/index.ts';

/**
 * An incident as it was stored, perhaps by an older guard whose policies had fewer settings. What it was opened under
 * holds (R28); what nobody had thought of then is as it would be now.
 */
export function incidentFrom(stored: Json, policyOf: (incident: Incident) => Policy): Incident {
  const incident = stored as unknown as Incident;
  return { ...incident, policy: filled(incident.policy, policyOf(incident)) };
}

/** The first value where there is one, else the second; lists are taken whole. */
function filled<T>(given: T, preset: T): T {
  if (given === undefined) return preset;
  if (!isObject(given) || !isObject(preset)) return given;
  const all: Record<string, unknown> = { ...given };
  for (const [key, value] of Object.entries(preset)) all[key] = filled(given[key], value);
  return all as T;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
