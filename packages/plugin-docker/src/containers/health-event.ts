import type { EpochMs, InventoryEvent, Ms } from '@praetorian-guard/core/plugin';
import { healthTestOf, lastTestAt, verdictMs } from './health-test.ts';
import type { Member } from './member.ts';

const detailMax = 200;

export interface Illness {
  /** Why it is ill. */
  readonly detail: string;
  /** In what time that lasts, where it is a verdict and not one failure. */
  readonly lastsInMs?: Ms;
}

/** What is told of a container's health: `undefined` is that it has none to complain of. */
export function healthEvent(
  { agentId, instanceId }: Pick<Member, 'agentId' | 'instanceId'>,
  illness?: Illness,
): InventoryEvent {
  const of = { type: 'lifecycle', agentId, instanceId } as const;
  if (!illness) return { ...of, event: 'healthy' };
  const { detail, lastsInMs } = illness;
  return {
    ...of,
    event: 'unhealthy',
    ...(detail === '' ? {} : { detail }),
    ...(lastsInMs === undefined ? {} : { lastsInMs }),
  };
}

/** What the engine's own check says of a container, if it says anything. */
export function healthOf(member: Member, now: EpochMs): readonly InventoryEvent[] {
  const { Running: runs, Health: health } = member.facts.State;
  if (!runs || (health?.Status !== 'healthy' && health?.Status !== 'unhealthy')) return [];
  if (health.Status === 'healthy') return [healthEvent(member)];
  const test = healthTestOf(member.facts);
  const detail = lastLine(health.Log?.at(-1)?.Output);
  // An engine that makes no checks any more leaves its last verdict standing, however old that is.
  const lastMs = Date.parse(lastTestAt(member.facts) ?? '');
  const isFresh = test !== undefined && now - lastMs < 2 * (test.intervalMs + test.timeoutMs);
  return [healthEvent(member, { detail, ...(isFresh ? { lastsInMs: verdictMs(test, member.facts) } : {}) })];
}

/**
 * The last line of what a check printed, which says best why it failed. One that is long ends with a whole word: of a secret the
 * half would not be seen to be one.
 */
export function lastLine(printed = ''): string {
  const line = printed.trim().split('\n').at(-1) ?? '';
  if (line.length <= detailMax) return line;
  const kept = line.slice(0, detailMax + 1);
  return `${kept.slice(0, Math.max(0, kept.search(/[\s,;&][^\s,;&]*$/)))}…`;
}
