import type { InventoryEvent } from '@praetorian-guard/core/plugin';
import type { Member } from './member.ts';

const detailMax = 200;

/** What is told of a container's health; why only where it is ill. */
export function healthEvent(
  { agentId, instanceId }: Pick<Member, 'agentId' | 'instanceId'>,
  event: 'healthy' | 'unhealthy',
  detail = '',
): InventoryEvent {
  const said = event === 'healthy' || detail === '' ? {} : { detail };
  return { type: 'lifecycle', agentId, instanceId, event, ...said };
}

/** The last line of what a check printed, which says best why it failed. */
export function lastLine(printed = ''): string {
  return printed.trim().split('\n').at(-1)?.slice(0, detailMax) ?? '';
}
