import { guardError } from '../../contracts/index.ts';
import type { Fleet } from '../../fleet/index.ts';
import type { AgentId, InstanceId } from '../../model/index.ts';

/** Of which instance a state is that was handed in, and whether it is the one that counts. */
export interface StateOrigin {
  readonly instance?: InstanceId;
  readonly counts: boolean;
}

/**
 * Who hands in a state. What names no instance, or names the current one as it calls itself, is kept under the id by
 * which the current one is known: by that it is found again when it has to be put into quarantine (R25).
 * @throws GUARD_AGENT_UNKNOWN, and GUARD_AGENT_RETIRED for an instance that was replaced: its work is done by another,
 * and its state would be restored as the newest there is.
 */
export function stateOrigin(
  fleet: Pick<Fleet, 'agent' | 'requireSlot' | 'standing'>,
  agentId: AgentId,
  named: InstanceId | undefined,
): StateOrigin {
  const slot = fleet.requireSlot(agentId);
  const standing = named === undefined ? 'current' : fleet.standing(slot, named);
  if (standing === 'retired') throw guardError('GUARD_AGENT_RETIRED', { agentId, instance: named });
  const instance = standing === 'current' ? (fleet.agent(slot)?.agent.instance?.id ?? named) : named;
  return { ...(instance === undefined ? {} : { instance }), counts: standing === 'current' };
}
