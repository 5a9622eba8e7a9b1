import { guardError, type GuardApi, type Heartbeat } from '@praetorian-guard/core/plugin';

/**
 * Says why a heartbeat is of nobody.
 * @throws GUARD_AGENT_UNKNOWN, or GUARD_INSTANCE_UNKNOWN when it is only the instance that nobody registered.
 */
export function refuseStranger(guard: GuardApi, { agentId, instance = 'unknown' }: Heartbeat): never {
  guard.agents.groupOf(agentId);
  throw guardError('GUARD_INSTANCE_UNKNOWN', { agentId, instance });
}
