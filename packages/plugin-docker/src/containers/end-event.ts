import type { InventoryEvent } from '@praetorian-guard/core/plugin';
import type { Member } from './member.ts';

/** The lifecycle event for a container that has ended, if it tells anything. */
export function endOf(member: Member): readonly InventoryEvent[] {
  const { agentId, instanceId, ending, facts, inHand } = member;
  if (!ending || inHand || facts.State.Paused) return [];
  if (facts.State.Status === 'created' && ending.kind === 'left') return [];
  const of = { type: 'lifecycle', agentId, instanceId } as const;
  const at = Date.parse(facts.State.FinishedAt);
  const when = Number.isFinite(at) && at > 0 ? { at } : {};
  const { detail } = ending;
  const told = detail === undefined ? {} : { detail };
  if (ending.kind === 'left') return [{ ...of, event: 'stopped', ...told, ...when }];
  const code = facts.State.ExitCode;
  // Code 0 alone would say that all is well.
  const exit = code === 0 ? {} : { exitCode: code };
  if (ending.outOfMemory) return [{ ...of, event: 'oom-killed', ...exit, ...told, ...when }];
  return [{ ...of, event: 'died', ...exit, ...told, ...when }];
}
