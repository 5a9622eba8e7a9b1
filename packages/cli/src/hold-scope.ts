import { type HoldScope, isId } from '@praetorian-guard/core/plugin';

/** Reads `fleet`, `group:NAME` or `agent:ID`; `undefined` when it is none of them. */
export function parseScope(text: string): HoldScope | undefined {
  if (text === 'fleet') return { kind: 'fleet' };
  const [, kind, name] = /^(group|agent):(.+)$/.exec(text) ?? [];
  if (!isId(name)) return undefined;
  return kind === 'group' ? { kind, group: name } : { kind: 'agent', agentId: name };
}

/** Writes a scope the way `parseScope` reads it. */
export function scopeText(scope: HoldScope): string {
  if (scope.kind === 'fleet') return 'fleet';
  return scope.kind === 'group' ? `group:${scope.group}` : `agent:${scope.agentId}`;
}
