import { createHash } from 'node:crypto';
import type { IncidentId, InstanceId, Plan, Step } from '../model/index.ts';
import { canonicalJson } from '../model/index.ts';

/** What an approval is bound to: SHA-256 of the canonical JSON of incident, instance, plan, its steps and config version. */
export function planHash(input: {
  readonly incidentId: IncidentId;
  readonly instanceId: InstanceId | undefined;
  readonly plan: Plan;
  readonly steps: readonly Step[];
  readonly configVersion: string;
}): string {
  return createHash('sha256').update(canonicalJson(input)).digest('hex');
}
