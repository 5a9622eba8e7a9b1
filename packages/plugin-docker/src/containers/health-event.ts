import type { InventoryEvent, Ms } from '@praetorian-guard/core/plugin';
import { type HealthTest, healthTestOf } from './health-test.ts';
import type { Member } from './member.ts';

const detailMax = 200;

type Named = Pick<Member, 'agentId' | 'instanceId'>;

/** What is told of a container's health; why only where it is ill. */
export function healthEvent(
  { agentId, instanceId }: Named,
  event: 'healthy' | 'unhealthy',
  detail = '',
): InventoryEvent {
  const said = event === 'healthy' || detail === '' ? {} : { detail };
  return { type: 'lifecycle', agentId, instanceId, event, ...said };
}

/** The same where the check has passed, or has failed as often as makes a container unhealthy. */
export function verdictEvent(
  member: Named & Pick<Member, 'facts'>,
  event: 'healthy' | 'unhealthy',
  detail = '',
): InventoryEvent {
  const test = event === 'unhealthy' ? healthTestOf(member.facts) : undefined;
  return { ...healthEvent(member, event, detail), ...(test ? { failedForMs: verdictMs(test) } : {}) };
}

/** Its failures take as long, and in that time at least one more check comes to its end. */
function verdictMs({ intervalMs, timeoutMs, retries }: HealthTest): Ms {
  return Math.max(retries * intervalMs, intervalMs + timeoutMs);
}

/** The last line of what a check printed, which says best why it failed. */
export function lastLine(printed = ''): string {
  return printed.trim().split('\n').at(-1)?.slice(0, detailMax) ?? '';
}
