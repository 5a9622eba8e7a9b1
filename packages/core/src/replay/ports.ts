import type { Action, Instance, Intent, Notice } from '../model/index.ts';

/**
 * What a call is about, in words: the `n`th call with the same words in a record and in its replay are the same call.
 * Ids that depend on the moment stay out of them.
 */
export const callNames = {
  prepare: (orchestrator: string, action: Action): string => `${orchestrator} prepare ${about(action)}`,
  execute: (orchestrator: string, { action }: Intent): string => `${orchestrator} execute ${about(action)}`,
  reconcile: (orchestrator: string, { action }: Intent): string => `${orchestrator} reconcile ${about(action)}`,
  evidence: (orchestrator: string, agentId: string): string => `${orchestrator} evidence ${agentId}`,
  logs: (orchestrator: string, agentId: string): string => `${orchestrator} logs ${agentId}`,
  exec: (orchestrator: string, instance: Instance, argv: readonly string[]): string =>
    `${orchestrator} exec ${instance.id} ${argv.join(' ')}`,
  probe: (agentId: string, probe: string): string => `probe ${agentId} ${probe}`,
  agent: (agentId: string, call: string): string => `agent ${agentId} ${call}`,
  deliver: (notifier: string, { kind, agentId }: Notice): string => `${notifier} deliver ${kind} ${agentId}`,
} as const;

function about(action: Action): string {
  return 'agentId' in action ? `${action.kind} ${action.agentId}` : `${action.kind} ${action.group}`;
}
