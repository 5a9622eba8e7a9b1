import type { Notice, Storm } from '../model/index.ts';
import { formatDuration } from '../model/index.ts';

/** Members a message names; it gives the number of all. */
const namedMax = 5;

/** The one message about a storm, or about its end. Pure: the same storm gives the same notice, with the same id. */
export function noticeOfStorm(kind: 'storm' | 'storm-over', storm: Storm): Notice {
  const { id, group, members, memberCount, groups } = storm;
  const where = groups.length === 1 ? `group ${group}` : `${groups.length} groups`;
  return {
    id: `${id}.${String(storm.version).padStart(6, '0')}.${kind}`,
    kind,
    priority: kind === 'storm' ? 'critical' : 'info',
    incidentId: id,
    threadId: id,
    agentId: members[0] ?? group,
    group,
    at: storm.changedAt,
    title:
      kind === 'storm'
        ? `${memberCount} agents of ${where}: ${headline(storm)}${reminderOf(storm)}`
        : `Over: ${headline(storm)}, ${where}`,
    text: kind === 'storm' ? opened(storm, where) : over(storm, where),
    ...(kind === 'storm' ? { recommendedAction: 'manual_investigation' } : {}),
    failureDetails: {
      cause: storm.cause,
      agents: memberCount,
      members: members.slice(0, namedMax),
      groups: groups.slice(0, namedMax),
      breaker: storm.breaker.state,
      openedAt: storm.openedAt,
    },
  };
}

function reminderOf({ reminded = 0 }: Storm): string {
  return reminded > 0 ? ` (reminder ${reminded})` : '';
}

function headline({ cause, dependency }: Storm): string {
  switch (cause) {
    case 'mass-failure':
      return 'mass failure';
    case 'silence':
      return 'silent at once';
    case 'canary':
      return 'silent while the guard may be cut off';
    case 'dependency':
      return `failed with ${dependency ?? 'what they depend on'}`;
  }
}

function opened(storm: Storm, where: string): string {
  const { members, memberCount, reason } = storm;
  if ((storm.reminded ?? 0) > 0) return goesOn(storm, where);
  const more = memberCount > namedMax ? ` and ${memberCount - namedMax} more` : '';
  return [
    `${memberCount} agents of ${where} are not well at once: ${members.slice(0, namedMax).join(', ')}${more}.`,
    reason.text,
    doing(storm),
    'This is the one message about all of them; the end of it is told, too.',
  ].join(' ');
}

/** People knew of it, and it has not ended. */
function goesOn(storm: Storm, where: string): string {
  const { memberCount, openedAt, changedAt, standing, reason } = storm;
  const { unwell = memberCount, handedOver = 0 } = standing ?? {};
  const given =
    handedOver > 0
      ? ` ${handedOver} of its incidents are handed over to people: the guard does nothing more to them.`
      : '';
  return [
    `The storm over ${memberCount} agents of ${where} has lasted ${formatDuration(changedAt - openedAt)}, and ${unwell} are not well now.${given}`,
    `It began so: ${reason.text}`,
    doing(storm),
  ].join(' ');
}

function doing({ cause, breaker, dependency }: Storm): string {
  if (cause === 'dependency' && dependency !== undefined)
    return `All of them depend on ${dependency}, which is not well, by hand or otherwise; nothing is done to them before it is. Start it, or order their respawn.`;
  if (cause === 'silence' || cause === 'canary')
    return 'Silence of many is no proof of their death: nothing is done to them. Look at the network between guard and agents.';
  if (breaker.state !== 'open') return 'Healing is tried on few of them at first.';
  return `Nothing is done to them for ${formatDuration(breaker.coolDownMs)}; then one is tried with the smallest action. Find what they have in common.`;
}

function over({ openedAt, closedAt = openedAt, memberCount, told, standing }: Storm, where: string): string {
  const lasted = formatDuration(Math.max(0, closedAt - openedAt));
  const before = told ? '' : ' Nobody was reached while it lasted.';
  const unwell = standing?.unwell ?? 0;
  const left = unwell > 0 ? ` ${unwell} are not well yet, few enough to be treated one by one.` : '';
  return `The storm over ${memberCount} agents of ${where} is over after ${lasted}.${left}${before} Whoever is still not well, or needs a person, is told of by itself; the others end without a further word.`;
}
